"""The report of the proofs: sums, suites that were not run, proofs that broke off."""

import json
from pathlib import Path

import pytest

from tests.separation.ledger import Ledger
from tools.separation_report import PROOFS, main


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """What all proofs have written when they found nothing."""
    file = tmp_path / "ledger"
    ledger = Ledger(file)
    ledger.record("smuggling", "relay", paths=1000, finds=[], kinds=900)
    ledger.record("smuggling", "through_the_gateway", paths=60, finds=[])
    for proof in PROOFS["zones"]:
        ledger.record("zones", proof, paths=20, finds=[])
    ledger.record("leak", "chromium", paths=500, finds=[], accepted=["the icon"], tricks={"zoom": 1.5})
    return file


def run(book: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object], str]:
    status = main(book, book.parent / "reports", 7)
    printed = capsys.readouterr().out.splitlines()
    return status, json.loads(printed[-1]), (book.parent / "reports/separation.md").read_text()


def test_the_last_line_is_the_sum(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zones = 20 * len(PROOFS["zones"])
    status, line, page = run(book, capsys)
    assert status == 0
    assert line == {
        "paths_tried": 1560 + zones,
        "finds": 0,
        "zones": {"paths_tried": zones, "finds": 0, "accepted": 0},
        "leak": {"paths_tried": 500, "finds": 0, "accepted": 1},
        "smuggling": {"paths_tried": 1060, "finds": 0, "accepted": 0},
    }
    assert "accepted: the icon" in page
    assert json.loads((book.parent / "reports/separation.json").read_text())["smuggling"]["proofs"]["relay"]


def test_a_find_is_named_and_fails(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Ledger(book).record("zones", "namespaces", paths=3, finds=["home client → desktop 10.0.0.5:5900"])
    status, line, page = run(book, capsys)
    assert status == 1
    assert line["finds"] == 1
    assert "home client → desktop" in page


def test_a_proof_that_broke_off_fails(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book.write_text(book.read_text().splitlines()[0] + "\n")
    status, line, page = run(book, capsys)
    assert status == 1
    assert line["leak"] is None
    assert "leak/chromium broke off" in page
    assert "zones/hosts_and_router broke off" in page
    assert "Not proven yet" in page
