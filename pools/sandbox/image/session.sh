#!/bin/sh
# The session of one desktop: window manager and input method are started again when they end,
# programs that a person can close are started once.
set -u
keep() {
  while :; do
    "$@" >/dev/null 2>&1
    sleep 1
  done
}
mkdir -p "$XDG_RUNTIME_DIR"
xsetroot -solid "$SEKISHO_COLOUR" -cursor_name left_ptr
xrdb -merge /opt/desktop/Xresources 2>/dev/null
keep openbox --sm-disable --config-file /opt/desktop/openbox/rc.xml &
keep fcitx5 --disable=clipboard,cloudpinyin,wayland,waylandim,kimpanel,notificationitem --verbose=*=0 &
# A program that starts before the input method can miss it: the first window waits, at most three seconds.
tries=0
until xprop -root XIM_SERVERS 2>/dev/null | grep -q fcitx || [ "$tries" -ge 60 ]; do
  tries=$((tries + 1))
  sleep 0.05
done
/opt/desktop/terminal.sh --welcome >/dev/null 2>&1 &
# Never ends by itself: the X server decides when the desktop ends.
while :; do wait; sleep 60; done
