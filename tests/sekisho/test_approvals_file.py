"""A list of approvals as an office exports it."""

from pathlib import Path

import pytest

from broker.errors import ConfigurationError
from sekisho.commands.approval import read_approvals

TEXT = "login,ends_on,reason\r\np1001,2027-03-31,在宅勤務\r\np1002,2027-03-31,出張\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_file_of_an_office_reads_in_its_encodings(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "approvals.csv"
    file.write_bytes(TEXT.encode(encoding))
    assert read_approvals(file)[0] == {"login": "p1001", "ends_on": "2027-03-31", "reason": "在宅勤務"}
    assert len(read_approvals(file)) == 2


@pytest.mark.parametrize(
    "text, said",
    [
        ("login,reason\np1,x\n", "line 2: ends_on"),
        ("login,ends_on,reason\np1,2026-12-31,x\np2,2026-13-31,x\n", r"line 3: ends_on: '2026-13-31' is no day"),
        ("\x81", "neither"),
    ],
)
def test_what_is_missing_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "approvals.csv"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigurationError, match=said):
        read_approvals(file)
