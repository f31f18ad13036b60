#!/bin/sh
# Ends sessions that nobody looks at. xrdp has a limit of its own, but waits a minute at least, whatever it is told.
set -u
limit_s=@LIMIT@
[ "$limit_s" -gt 0 ] || exit 0
mkdir -p /run/unwatched
while sleep 1; do
  now=$(date +%s)
  for lock in /tmp/.X*-lock; do
    [ -f "$lock" ] || continue
    display=${lock#/tmp/.X}
    display=${display%-lock}
    pid=$(tr -d ' ' <"$lock")
    note=/run/unwatched/$display
    if grep -Eq " 03 +[0-9]+ .*/xrdp_display_$display\$" /proc/net/unix; then
      rm -f "$note" # xrdp is connected to it (state 03): somebody looks
    elif read -r noted since 2>/dev/null <"$note" && [ "$noted" = "$pid" ]; then
      [ $((now - since)) -lt "$limit_s" ] || kill "$pid" 2>/dev/null
    else
      echo "$pid $now" >"$note"
    fi
  done
done
