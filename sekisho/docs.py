"""``python -m sekisho.docs`` writes the reference pages; with ``--check`` it only says which are stale."""

import sys
from pathlib import Path
from typing import Final

from sekisho.reference.api_page import api_page
from sekisho.reference.lifecycle_page import lifecycle_page
from sekisho.reference.settings_page import settings_page

_FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "reference"
_PAGES: Final = {"settings.md": settings_page, "lifecycles.md": lifecycle_page, "api.md": api_page}


def main(arguments: list[str]) -> int:
    """0 when everything is written, or up to date; 1 with ``--check`` when a page is stale."""
    stale: list[str] = []
    for name, make_page in _PAGES.items():
        path, page = _FOLDER / name, make_page()
        if path.exists() and path.read_text("utf-8") == page:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(page, "utf-8")
    if stale and "--check" in arguments:
        print(f"stale: {', '.join(stale)}; run: make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
