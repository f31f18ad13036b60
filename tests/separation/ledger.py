"""What the proofs have tried and found, written to a file for the report."""

import os
from pathlib import Path
from typing import Any, Final

import msgspec

IS_FULL: Final = os.environ.get("SEKISHO_FULL") == "1"
LEDGER_VARIABLE: Final = "SEKISHO_LEDGER"
"""Names the file to which every proof appends one line of JSON; nothing is written without it."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One proof: which suite it belongs to, how many paths it tried, what it found."""

    suite: str
    proof: str
    paths: int
    finds: list[str]
    accepted: list[str] = []
    facts: dict[str, Any] = {}


class Ledger:
    """Appends entries as they come."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    @classmethod
    def of_environment(cls) -> "Ledger":
        name = os.environ.get(LEDGER_VARIABLE)
        return cls(Path(name) if name else None)

    def record(
        self, suite: str, proof: str, *, paths: int, finds: list[str], accepted: list[str] | None = None, **facts: Any
    ) -> None:
        """``accepted`` are finds that the threat model names; they do not count."""
        entry = Entry(suite=suite, proof=proof, paths=paths, finds=finds, accepted=accepted or [], facts=facts)
        if self._file is not None:
            with self._file.open("ab") as file:
                file.write(msgspec.json.encode(entry) + b"\n")
