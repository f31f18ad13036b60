#!/bin/sh
# The session of one desktop: window manager, input method and panel are started again when they end,
# programs that a person can close are started once.
set -u
is_up() {
  xset q >/dev/null 2>&1 || { sleep 1 && xset q >/dev/null 2>&1; }
}
keep() {
  while is_up; do
    "$@" >/dev/null 2>&1
    sleep 1
  done
}
has_input_method() {
  xprop -root XIM_SERVERS 2>/dev/null | grep -q fcitx &&
    dbus-send --session --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus \
      org.freedesktop.DBus.NameHasOwner string:org.fcitx.Fcitx5 2>/dev/null | grep -q true
}
mkdir -p "$XDG_RUNTIME_DIR"
# The input method before all else: a terminal that starts without it writes no Japanese for the rest of its life.
keep fcitx5 --disable=clipboard,cloudpinyin,wayland,waylandim,kimpanel,notificationitem --verbose=*=0 &
/usr/lib/mozc/mozc_server >/dev/null 2>&1 &
xsetroot -solid "$SEKISHO_COLOUR" -cursor_name left_ptr
xrdb -merge /opt/desktop/Xresources 2>/dev/null
keep openbox --sm-disable --config-file /opt/desktop/openbox/rc.xml &
# On a busy host that takes its time. After a minute a desktop without Japanese is better than none.
give_up_at=$(($(date +%s) + 60))
until has_input_method || [ "$(date +%s)" -ge "$give_up_at" ]; do
  sleep 0.1
done
keep tint2 -c /opt/desktop/tint2/tint2rc &
/opt/desktop/terminal.sh --welcome >/dev/null 2>&1 &
# The X server decides when the desktop ends, and then nothing of it stays.
while is_up; do
  sleep 2
done
