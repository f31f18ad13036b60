#!/bin/sh
# A person's session on the RDP host: the same desktop as the sandboxed ones.
export LANG=ja_JP.UTF-8 LOCPATH=/opt/locale TZ=Asia/Tokyo PATH=/usr/bin
export XDG_RUNTIME_DIR="/run/user/$USER" XDG_CONFIG_DIRS=/opt/desktop:/etc/xdg
export GTK_IM_MODULE=fcitx QT_IM_MODULE=fcitx XMODIFIERS=@im=fcitx GSETTINGS_BACKEND=keyfile NO_AT_BRIDGE=1
export GTK2_RC_FILES=/opt/desktop/gtkrc-2.0
export SEKISHO_COLOUR="@COLOUR@"
cd "$HOME" || exit 1
# Desktops go from person to person: what the last one left behind is gone before this one starts.
find . -mindepth 1 -maxdepth 1 ! -name '.Xauthority' -exec rm -rf {} +
dbus-run-session -- /opt/desktop/session.sh
# The session ends for sesman when this process does; until then every sign-in is led back to the dead display. What
# has no window, the input method's server above all, would outlive it and remember what was typed.
pkill -KILL -u "$(id -u)"
