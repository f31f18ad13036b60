# What every session of a desktop shares.
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
# On a busy host that takes its time. After a minute a desktop without Japanese is better than none.
wait_for_input_method() {
  give_up_at=$(($(date +%s) + 60))
  until has_input_method || [ "$(date +%s)" -ge "$give_up_at" ]; do
    sleep 0.1
  done
}
