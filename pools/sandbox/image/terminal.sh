#!/bin/sh
# A terminal with Japanese glyphs at the right width, and with the input method.
export PS1='\w \$ '
if [ "${1:-}" = --welcome ]; then
  set -- -geometry 84x22+40+40 -e sh -c 'cat /opt/desktop/welcome.txt; exec bash'
fi
exec xterm -T 端末 "$@"
