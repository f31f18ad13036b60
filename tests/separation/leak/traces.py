"""The search: files of a browser, and memory-backed files that its processes hold open."""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
import psutil

from tests.separation.leak.needles import find_in
from tests.separation.leak.pictures import Original, images_in
from tests.separation.leak.unpack import cells_of_database, layers_of

Needles = Mapping[str, Mapping[str, bytes]]
PICTURE: Final = "picture"
_MEMORY_MARKS: Final = ("/memfd:", "/dev/shm/", "(deleted)")
_MAX_FILE_BYTES: Final = 256 << 20


class Find(msgspec.Struct, frozen=True):
    """What was found, in which form, and where."""

    place: str
    encoding: str
    where: str


class Search(msgspec.Struct, kw_only=True):
    """What is looked for, and what has been looked at so far."""

    needles: Needles
    original: Original | None = None
    files: int = 0
    layers: int = 0
    images: int = 0
    bytes_read: int = 0

    def look_in_folders(self, folders: Iterable[Path]) -> list[Find]:
        """Every file below ``folders``, raw and unpacked."""
        return [find for folder in folders for path in _files_below(folder) for find in self.look_in_file(path)]

    def look_in_file(self, path: Path) -> list[Find]:
        try:
            data = path.read_bytes()
        except OSError:
            return []  # gone meanwhile, or no regular file
        self.files += 1
        finds = self.look_in(data, str(path), path.name)
        with contextlib.suppress(OSError):
            for cell in cells_of_database(path):
                finds += self.look_in(cell, f"{path} (cell)")
        return finds

    def look_in_memory(self, pids: Iterable[int]) -> list[Find]:
        """Shared memory and deleted files that these processes hold open. Pixels are not looked for here: a
        picture that is on the screen is in memory."""
        return [find for where, data in _open_memory(pids) for find in self._look_for_text(data, where)]

    def look_in(self, data: bytes, where: str, name: str = "") -> list[Find]:
        self.bytes_read += len(data)
        finds: list[Find] = []
        for layer in layers_of(data, name):
            self.layers += 1
            finds += self._look_for_text(layer, where)
            finds += self._look_for_picture(layer, where)
        return list(dict.fromkeys(finds))

    def _look_for_text(self, data: bytes, where: str) -> list[Find]:
        return [Find(place, encoding, where) for place, encoding in find_in(data, self.needles)]

    def _look_for_picture(self, data: bytes, where: str) -> list[Find]:
        if self.original is None:
            return []
        finds = [Find(PICTURE, f"pixels-{name}", where) for name, run in self.original.runs.items() if run in data]
        for image in images_in(data):
            self.images += 1
            if self.original.resembles(image):
                finds.append(Find(PICTURE, "image", where))
        return finds

    def encodings(self) -> int:
        """In how many forms each search looks for something: needles, orders of pixels, images."""
        forms = sum(len(encodings) for encodings in self.needles.values())
        return forms + (len(self.original.runs) + 1 if self.original is not None else 0)


def _files_below(folder: Path) -> Iterator[Path]:
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root) / name
            with contextlib.suppress(OSError):
                if path.is_file() and not path.is_symlink() and path.stat().st_size <= _MAX_FILE_BYTES:
                    yield path


def _open_memory(pids: Iterable[int]) -> Iterator[tuple[str, bytes]]:
    seen: set[tuple[int, int]] = set()
    for pid in pids:
        folder = Path(f"/proc/{pid}/fd")
        try:
            numbers = list(folder.iterdir())
        except OSError:
            continue  # ended meanwhile
        for number in numbers:
            with contextlib.suppress(OSError):
                target = str(number.readlink())
                status = number.stat()
                if not any(mark in target for mark in _MEMORY_MARKS) or (status.st_dev, status.st_ino) in seen:
                    continue
                seen.add((status.st_dev, status.st_ino))
                if 0 < status.st_size <= _MAX_FILE_BYTES:
                    yield f"{target} of process {pid}", number.read_bytes()


def processes_with(argument: str) -> list[int]:
    """A browser and all of its children, by an argument of its command line."""
    roots = [
        process for process in psutil.process_iter(["cmdline"]) if argument in " ".join(process.info["cmdline"] or [])
    ]
    family = {child.pid for root in roots for child in _children(root)}
    return sorted(family | {root.pid for root in roots})


def _children(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.children(recursive=True)
    return []
