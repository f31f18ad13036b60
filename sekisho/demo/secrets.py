"""The demo's secrets: made at the first start, kept in one file for its owner alone, never in the repository."""

import secrets as _random
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from broker.errors import ConfigurationError
from broker.secret import Secret
from sekisho.private_files import write_private

_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that a reader could take for another
_BLOCKS: Final = 3
_BLOCK_CHARACTERS: Final = 4


class DemoSecrets(msgspec.Struct, frozen=True, kw_only=True):
    """Passwords by account: of the directory itself (``admin``, ``service``), of people, of the RDP host."""

    directory: Mapping[str, Secret]
    people: Mapping[str, Secret]
    rdp: Mapping[str, Secret]


def load_or_create(path: Path, *, people: Iterable[str], rdp: Iterable[str]) -> DemoSecrets:
    """Read ``path``; make what is missing and write it back atomically with mode 0600.

    Raises :class:`ConfigurationError` when the file is there but is no TOML of this shape.
    """
    wanted = {"directory": ["admin", "service"], "people": list(people), "rdp": list(rdp)}
    known = _read(path)
    complete = {
        section: {name: known.get(section, {}).get(name) or _new_password() for name in names}
        for section, names in wanted.items()
    }
    if complete != known:
        _write(path, complete)
    return DemoSecrets(
        **{section: {name: Secret(text) for name, text in values.items()} for section, values in complete.items()}
    )


def _new_password() -> str:
    """Twelve characters in three blocks (59 bits): strong, and short enough to type in a demonstration."""
    return "-".join("".join(_random.choice(_LETTERS) for _ in range(_BLOCK_CHARACTERS)) for _ in range(_BLOCKS))


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        path.chmod(0o600)
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), dict[str, dict[str, str]])
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{path}: not a file of demo secrets ({error}); remove it to make new ones") from error


def _write(path: Path, sections: Mapping[str, Mapping[str, str]]) -> None:
    lines = ["# Made at the demo's first start. Delete the whole demo folder to begin anew."]
    for section, values in sections.items():
        lines += ["", f"[{section}]", *(f'"{name}" = "{text}"' for name, text in values.items())]
    write_private(path, "\n".join(lines) + "\n")
