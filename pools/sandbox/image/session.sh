#!/bin/sh
# The session of one desktop: window manager, input method and panel are started again when they end,
# programs that a person can close are started once.
set -u
. /opt/desktop/session_parts.sh
mkdir -p "$XDG_RUNTIME_DIR"
# The input method before all else: a terminal that starts without it writes no Japanese for the rest of its life.
keep fcitx5 --disable=clipboard,cloudpinyin,wayland,waylandim,kimpanel,notificationitem --verbose=*=0 &
/usr/lib/mozc/mozc_server >/dev/null 2>&1 &
xsetroot -solid "$SEKISHO_COLOUR" -cursor_name left_ptr
xrdb -merge /opt/desktop/Xresources 2>/dev/null
keep openbox --sm-disable --config-file /opt/desktop/openbox/rc.xml &
wait_for_input_method
keep tint2 -c /opt/desktop/tint2/tint2rc &
/opt/desktop/terminal.sh --welcome >/dev/null 2>&1 &
# The X server decides when the desktop ends, and then nothing of it stays.
while is_up; do
  sleep 2
done
