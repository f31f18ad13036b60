"""What libraries log is reduced to facts that no stranger can choose."""

import logging
import sys
from types import TracebackType

from aiohttp.http_exceptions import BadStatusLine
from structlog.testing import capture_logs

from gateway.log import ForeignLines, describe_foreign

CANARY = "canary-of-a-stranger"

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def make_record(*args: object, exc_info: ExceptionInfo | None = None) -> logging.LogRecord:
    return logging.LogRecord("aiohttp.server", logging.ERROR, "x.py", 1, f"{CANARY} %s", args, exc_info)


def refuse_line() -> None:
    raise BadStatusLine(CANARY)


def test_neither_message_nor_exception_is_quoted() -> None:
    try:
        refuse_line()
    except BadStatusLine:
        facts = describe_foreign(make_record("192.0.2.7", exc_info=sys.exc_info()))
    place = str(facts.pop("place"))
    assert place.startswith("test_log.py:")
    assert facts == {"logger": "aiohttp.server", "fault": "BadStatusLine", "status": 400, "address": "192.0.2.7"}


def test_an_argument_that_is_no_address_is_left_out() -> None:
    for value in (CANARY, f"fe80::1%{CANARY}", None, 7):
        assert describe_foreign(make_record(value)) == {"logger": "aiohttp.server"}


def test_lines_are_limited_and_what_is_left_out_is_counted() -> None:
    now_s = 100.0
    handler = ForeignLines(lambda: now_s)
    with capture_logs() as lines:
        for _ in range(50):
            handler.emit(make_record("192.0.2.7"))
        now_s = 101.0
        handler.emit(make_record("192.0.2.7"))
    assert len(lines) == 6
    assert lines[-1]["left_out"] == 45
    assert {line["log_level"] for line in lines} == {"error"}
