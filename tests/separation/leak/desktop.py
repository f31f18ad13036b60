"""Canaries on a desktop: none of them is ever typed in the browser, so that a find was carried out by the product."""

import base64
import os
import secrets
from pathlib import Path
from typing import Final

from tests.fakes.waiting import until
from tests.flows.city import City
from tests.flows.staff import Staff

PLACES: Final = ("screen", "clipboard", "file", "title", "print")
_DEADLINE_S: Final = 30.0


def new_canaries() -> dict[str, str]:
    """One for each place; letters and digits alone, so that every encoding of them is exact."""
    return {place: f"CANARY{place.upper()}{secrets.token_hex(8)}" for place in PLACES}


def _script(canaries: dict[str, str]) -> str:
    """What shows the canaries, run on the desktop itself. The clipboard is set and asked back through a terminal
    (OSC 52), which stays open because a selection lives as long as its owner."""
    held = base64.b64encode(canaries["clipboard"].encode()).decode()
    return f"""#!/bin/sh
trap '' INT QUIT TSTP
stty -echo
printf '%s' '{canaries["file"]}' > secret.txt
cat > clip.sh <<'END'
stty -icanon -echo min 0 time 50
printf '\\033]52;cp;{held}\\007'
printf '\\033]52;c;?\\007'
dd bs=1 count={len(held) + 7} of=clip.part 2>/dev/null
mv clip.part clip.reply
stty -isig
exec sleep 3600
END
setsid xterm -xrm 'XTerm*allowWindowOps: true' -geometry 30x3-0-0 -e sh clip.sh &
clear
for line in 1 2 3 4 5 6; do
  printf '%s  %s  \\033[3%sm%s\\033[0m\\n' '{canaries["screen"]}' "$line" "$line" '■□◆◇★☆'
done
printf '%s' '{canaries["print"]}' | tee print.txt
command -v lpr >/dev/null && lpr print.txt
printf '\\n\\033]0;%s\\007' '{canaries["title"]}'
while :; do sleep 3600; done
"""


async def place_canaries(city: City, staff: Staff, canaries: dict[str, str]) -> None:
    """Put them on the screen, into the clipboard, a file, the window's title and before a printer. The person's
    part is to start a script that the test has put into the home."""
    mark = secrets.token_hex(4)
    await staff.click_at(0.25, 0.35)
    await staff.type(f"touch {mark}\n")
    homes = city.data_dir / "homes"
    await until(lambda: _find(homes, mark), _DEADLINE_S, "the terminal takes what is typed")
    home = _find(homes, mark)[0].parent
    script = home / "show.sh"
    script.write_text(_script(canaries), "utf-8")
    owner = home.stat()
    os.chown(script, owner.st_uid, owner.st_gid)
    before = await staff.see_resting()
    await staff.type("exec sh show.sh\n")
    await staff.wait_change(before)
    await until((home / "clip.reply").exists, _DEADLINE_S, "the clipboard is set")
    held = base64.b64encode(canaries["clipboard"].encode())
    assert held in (home / "clip.reply").read_bytes(), "the clipboard holds something else"
    assert (home / "secret.txt").read_text() == canaries["file"]


def _find(homes: Path, name: str) -> list[Path]:
    return sorted(homes.rglob(name))
