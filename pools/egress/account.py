"""What a proxy did, summed up for a few seconds: a desktop that asks without end fills no log."""

from typing import Final

import msgspec

from pools.egress.model import Refusal, Report

MAX_LINES: Final = 100
WINDOW_S: Final = 5.0
OTHERS: Final = "(others)"
"""Stands for the hosts beyond the lines of one window."""


class Account:
    """Sums of one window, by host, port and outcome."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, int, Refusal | None], Report] = {}

    def add(self, report: Report) -> None:
        key = (report.host, report.port, report.refusal)
        if key not in self._lines and len(self._lines) >= MAX_LINES:
            key = (OTHERS, 0, report.refusal)
            report = msgspec.structs.replace(report, host=OTHERS, port=0, address="")
        before = self._lines.get(key)
        self._lines[key] = report if before is None else _sum(before, report)

    def take(self) -> list[Report]:
        """The window's lines; the next window begins."""
        taken, self._lines = list(self._lines.values()), {}
        return taken


def _sum(before: Report, report: Report) -> Report:
    return msgspec.structs.replace(
        report,
        address=report.address or before.address,
        bytes_out=before.bytes_out + report.bytes_out,
        bytes_in=before.bytes_in + report.bytes_in,
        took_s=max(before.took_s, report.took_s),
        count=before.count + report.count,
    )
