#!/bin/sh
# First process of the RDP host's sandbox, as its root: session manager and RDP server.
# The supervisor holds our input open. When it closes, however the supervisor ended, this process ends and the
# kernel ends everything else in the sandbox.
set -eu
umask 022
mkdir -p /run/xrdp/sockdir /run/user /var/log /var/lib/xrdp
chmod 3777 /run/xrdp/sockdir
for account in $SEKISHO_ACCOUNTS; do
  mkdir -p "/home/$account" "/run/user/$account"
  chown "$account:$account" "/home/$account" "/run/user/$account"
  chmod 0700 "/home/$account" "/run/user/$account"
done
rm -f /run/rdp/rdp.sock  # a new one tells the forwarder that the host listens
# Both logs go to our output (var/demo/log/xrdp.log); what the sessions themselves say does not.
: >/var/log/xrdp.log
: >/var/log/xrdp-sesman.log
tail -q -n +1 -F /var/log/xrdp.log /var/log/xrdp-sesman.log </dev/null 2>/dev/null &
xrdp-sesman --nodaemon </dev/null >/dev/null 2>&1 &
xrdp --nodaemon </dev/null &
server=$!
/etc/xrdp/reap.sh </dev/null &
until [ -S /run/rdp/rdp.sock ]; do
  kill -0 $server || exit 70
  sleep 0.05
done
chmod 0666 /run/rdp/rdp.sock
exec cat >/dev/null
