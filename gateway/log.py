"""Logging: one JSON object a line on standard error, no secrets, no payloads."""

import ipaddress
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

import structlog

_FOREIGN_LINES_PER_S: Final = 5

_log: Final = structlog.get_logger(__name__)


class ForeignLines(logging.Handler):
    """Takes what libraries log. Their messages quote what strangers sent, so none of them is ever written.

    What is left: the level, the logger, the kind of exception with its status and place, the address. At most
    ``_FOREIGN_LINES_PER_S`` lines a second; the next line after that says how many were left out.
    """

    def __init__(self, read_clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._read_clock = read_clock
        self._second = -1
        self._lines = 0
        self._left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, or count it."""
        second = int(self._read_clock())
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        if self._lines > _FOREIGN_LINES_PER_S:
            self._left_out += 1
            return
        facts = describe_foreign(record)
        if self._left_out:
            facts["left_out"], self._left_out = self._left_out, 0
        _log.log(record.levelno, "library.spoke", **facts)


def describe_foreign(record: logging.LogRecord) -> dict[str, str | int]:
    """What of a library's record may be written."""
    facts: dict[str, str | int] = {"logger": record.name}
    fault = record.exc_info[1] if record.exc_info else None
    if fault is not None:
        facts["fault"] = type(fault).__name__
        facts["place"] = _find_place(fault.__traceback__)
        status: object = getattr(fault, "code", None)
        if isinstance(status, int):
            facts["status"] = status
    if record.args and isinstance(record.args, tuple) and _is_address(record.args[0]):
        facts["address"] = str(record.args[0])
    return facts


def _is_address(value: object) -> bool:
    text = str(value)
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # behind it stands free text


def _find_place(trace: TracebackType | None) -> str:
    """File and line where it was raised, without what stands there."""
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def set_up_log(level: str) -> None:
    """``level`` is a name of the standard library's levels, in lower case."""
    threshold = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[ForeignLines()], level=threshold, force=True)
