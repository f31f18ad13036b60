"""The Japanese locale for desktops, compiled into a private folder: a plain Debian brings only C.UTF-8."""

import asyncio
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from broker.errors import ConfigurationError

_NAME: Final = "ja_JP.UTF-8"


async def prepare_locale(cache_dir: Path) -> Path:
    """:func:`compile_locale` beside a running loop."""
    return await asyncio.to_thread(compile_locale, cache_dir)


def compile_locale(cache_dir: Path) -> Path:
    """Compile ja_JP.UTF-8 below ``cache_dir`` (under a second, once) and return the folder for ``LOCPATH``.

    Raises :class:`ConfigurationError` when localedef or its sources (Debian: ``locales``) are missing.
    """
    folder = cache_dir / "locale"
    if (folder / _NAME / "LC_CTYPE").is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        built = Path(scratch) / _NAME
        line = ["localedef", "--no-archive", "-i", "ja_JP", "-f", "UTF-8", str(built)]
        try:
            made = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, check=False, umask=0o022)
        except FileNotFoundError as error:
            raise ConfigurationError("localedef is missing (Debian package: libc-bin)") from error
        if made.returncode != 0:
            raise ConfigurationError(f"localedef: {made.stderr.decode(errors='replace').strip()[-300:]}")
        _move_into_place(built, folder / _NAME)
    return folder


def _move_into_place(built: Path, target: Path) -> None:
    """Two first starts may race: whoever comes second finds an equal folder and leaves it."""
    try:
        os.rename(built, target)  # noqa: PTH104 -- Path.rename gives no other answer, and the error is the answer
    except OSError:
        if not (target / "LC_CTYPE").is_file():
            raise
