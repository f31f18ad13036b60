#!/bin/sh
# First process of a desktop's sandbox: the X server, and the session beside it.
# The desktop lives exactly as long as the X server; whatever ends it ends the sandbox.
set -u
umask 077
mkfifo /tmp/.x-ready
Xvnc :1 -displayfd 3 \
  -rfbunixpath /run/vnc/vnc.sock -rfbunixmode "$SEKISHO_SOCKET_MODE" -rfbport -1 \
  -SecurityTypes VncAuth -PasswordFile /run/desktop/vnc.password \
  -geometry "$SEKISHO_GEOMETRY" -depth 24 -desktop "$SEKISHO_DESKTOP" \
  -AcceptSetDesktopSize=1 -AlwaysShared=1 -DisconnectClients=0 \
  -MaxIdleTime=0 -MaxDisconnectionTime=0 -IdleTimeout=0 \
  -nolisten tcp -noreset -dpi 96 3>/tmp/.x-ready &
server=$!
read -r _ </tmp/.x-ready || exit 70
rm -f /tmp/.x-ready
export DISPLAY=:1
# The supervisor holds our input open; when it closes, the desktop is asked to end.
exec 4<&0
{ read -r _ <&4; kill "$server"; } &
dbus-run-session -- "/opt/desktop/$SEKISHO_SESSION" </dev/null 4<&- &
exec 4<&-
wait "$server"
