"""From rounds to ratios, and how they stand to what is asked for."""

import statistics
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bench.relay.measures import Figures

Result = dict[str, Any]
_OURS: Final = "sekisho"
_PEERS: Final = {"vs_guacamole_lite": "guacamole-lite", "vs_websockify": "websockify", "vs_nginx": "nginx"}

REQUIRED: Final[Mapping[str, tuple[float, float]]] = {
    # path in the result: what is required, and what we aim at; a figure of MB/s or sessions wants to be high
    "office.vs_guacamole_lite": (0.27, 0.20), "office.vs_websockify": (0.45, 0.33), "office.vs_nginx": (2.2, 1.6),
    "video.vs_guacamole_lite": (0.25, 0.20), "video.vs_websockify": (0.95, 0.75), "video.vs_nginx": (2.3, 1.8),
    "flood.vs_guacamole_lite": (12.0, 20.0), "flood.vs_websockify": (0.85, 1.4), "flood.vs_nginx": (0.5, 0.8),
    "up.vs_guacamole_lite": (0.7, 0.55), "up.vs_nginx": (1.7, 1.3),
    "oneway_p99_minus_nginx_ms": (0.4, 0.1), "sessions_vs_guacamole_lite": (7.0, 12.0),
    "idle_kb": (40.0, 22.0), "busy_kb": (120.0, 40.0), "stalled_kb": (1536.0, 820.0),
    "setup_cpu_ms": (1.5, 0.6), "growth": (1.2, 1.05),
}  # fmt: skip
_HIGH: Final = ("flood.", "sessions_")


def ratios(figures: Figures) -> dict[str, float]:
    """Ours to each peer's, as the median of the rounds' ratios."""
    ours = figures.by_relay[_OURS]
    return {
        word: round(statistics.median(own / other for own, other in zip(ours, figures.by_relay[name], strict=True)), 3)
        for word, name in _PEERS.items()
        if name in figures.by_relay
    }


def medians(figures: Figures) -> dict[str, float]:
    return {name: round(statistics.median(values), 2) for name, values in figures.by_relay.items()}


def table(result: Result) -> Iterator[str]:
    """A line for each figure that something is asked of."""
    yield f"{'figure':30} {'measured':>10} {'required':>10} {'aim':>8}"
    for path, (required, aim) in REQUIRED.items():
        value = _find(result, path)
        is_high = path.startswith(_HIGH)
        is_met = value >= required if is_high else value <= required
        is_at_aim = value >= aim if is_high else value <= aim
        sign = ">=" if is_high else "<="
        word = "aim reached" if is_at_aim else "met" if is_met else "MISSED"
        yield f"{path:30} {value:10.3f} {sign}{required:8g} {aim:8g}  {word}"


def _find(result: Result, path: str) -> float:
    found: Any = result
    for name in path.split("."):
        found = found[name]
    return float(found)
