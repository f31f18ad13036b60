"""Logging of the broker and the command line: structured, on standard error, without secrets or contents."""

import ipaddress
import logging
import sys
import traceback
from typing import Final

import msgspec
import structlog
from aiohttp.http import HttpProcessingError

from broker.settings import LogSettings

_OWN: Final = ("auth", "broker", "pools", "sekisho", "web")


def set_up_log(settings: LogSettings) -> None:
    """One event a line, as JSON or, with ``format = "text"``, for a person who reads along.

    What libraries say through the standard library's logging comes out in the same form.
    """
    threshold = logging.getLevelNamesMapping().get(settings.level.upper(), logging.INFO)
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(colors=False)
        if settings.format == "text"
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    _take_over(threshold)


def _take_over(threshold: int) -> None:
    """Libraries have their say from warnings upwards, our own packages from the set level."""
    root = logging.getLogger()
    root.setLevel(max(threshold, logging.WARNING))
    root.addHandler(_TAKER)
    for package in _OWN:
        logging.getLogger(package).setLevel(threshold)
    logging.captureWarnings(True)


class Line(msgspec.Struct, frozen=True):
    """What is told of one record of the standard library's logging."""

    level: int
    event: str
    fields: dict[str, object]


def describe_record(record: logging.LogRecord) -> Line:
    """Of aiohttp's records neither message nor trace: they quote requests, with cookies and tickets in them."""
    fault = record.exc_info[1] if record.exc_info else None
    if record.name.partition(".")[0] == "aiohttp" or isinstance(fault, HttpProcessingError):
        return _describe_http(record, fault)
    try:
        event = record.getMessage()
    except (TypeError, ValueError):
        event = str(record.msg)
    fields: dict[str, object] = {"logger": record.name}
    if fault is not None:
        fields["exc_info"] = fault
    return Line(record.levelno, event, fields)


def _describe_http(record: logging.LogRecord, fault: BaseException | None) -> Line:
    fields: dict[str, object] = {"logger": record.name}
    if fault is not None:
        fields["fault"] = type(fault).__name__
    if (address := _address_in(record)) is not None:
        fields["address"] = address
    if isinstance(fault, HttpProcessingError):
        # The caller's doing, and as often as the caller likes: no warning.
        return Line(logging.INFO, "http.request_unreadable", fields | {"status": fault.code})
    if fault is not None and (frames := traceback.extract_tb(fault.__traceback__)):
        fields["at"] = f"{frames[-1].filename}:{frames[-1].lineno}"
    return Line(record.levelno, "http.fault", fields)


def _address_in(record: logging.LogRecord) -> str | None:
    """The address that a record names as its first argument."""
    first = record.args[0] if isinstance(record.args, tuple) and record.args else None
    try:
        return None if first is None else str(ipaddress.ip_address(str(first)))
    except ValueError:
        return None


class _Taker(logging.Handler):
    """Hands records of the standard library's logging to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        line = describe_record(record)
        structlog.get_logger().log(line.level, line.event, **line.fields)


_TAKER: Final = _Taker()
