#!/bin/sh
# The session of a virtual browser: one Chromium and nothing else that a person could start. What it may do is in
# /etc/chromium/policies/managed; its only way out is the proxy at the other end of /run/egress/proxy.sock.
set -u
. /opt/desktop/session_parts.sh
mkdir -p "$XDG_RUNTIME_DIR"
keep fcitx5 --disable=clipboard,cloudpinyin,wayland,waylandim,kimpanel,notificationitem --verbose=*=0 &
/usr/lib/mozc/mozc_server >/dev/null 2>&1 &
xsetroot -solid "$SEKISHO_COLOUR" -cursor_name left_ptr
keep openbox --sm-disable --config-file /opt/desktop/openbox/browser.xml &
keep /usr/bin/python3 -I /opt/forward.py /run/egress/proxy.sock 3128 &
wait_for_input_method
# A browser that was closed or has crashed comes back, without what was open.
while is_up; do
  rm -rf "$HOME/.browser"
  # No frame of its own: a window that was made small could not be got back without a panel.
  mkdir -p "$HOME/.browser/Default"
  printf '{"browser":{"custom_chrome_frame":false}}' >"$HOME/.browser/Default/Preferences"
  /usr/lib/chromium/chromium --user-data-dir="$HOME/.browser" --lang=ja --ozone-platform=x11 --start-maximized \
    --no-first-run --no-default-browser-check --password-store=basic --disable-gpu --disable-breakpad \
    --disable-session-crashed-bubble --hide-crash-restore-bubble --disable-background-networking \
    --disable-component-update --disable-default-apps --disable-domain-reliability --disable-extensions \
    --disable-sync --disable-features=MediaRouter,Translate,OptimizationHints,NetworkTimeServiceQuerying \
    --proxy-server=http://127.0.0.1:3128 --proxy-bypass-list='<-loopback>' >/tmp/browser.log 2>&1
  sleep 1
done
