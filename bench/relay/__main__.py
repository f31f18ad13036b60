"""The gateway beside guacamole-lite, websockify and nginx: ``make bench-relay`` (``QUICK=1``: at most 3 minutes).

Prints a table and, last, one line of JSON. Each relay is pinned to one processor, source and browsers to another.
What counts are ratios of CPU time within one round; of these the median.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import psutil

from bench.relay.measures import FULL, QUICK, Figures, Measures, Scale
from bench.relay.peers import GuacamoleLite, Sekisho
from bench.relay.profiles import make_profiles
from bench.relay.tools import build, choose_cores
from bench.relay.trial import Bench
from bench.relay.verdict import medians, ratios, table

RESULTS: Final = Path(__file__).parents[1] / "results" / "relay.json"


async def measure(scale: Scale, folder: Path) -> dict[str, Any]:
    """Everything, one relay at a time."""
    build(folder)
    measures = Measures(Bench(folder, choose_cores()), make_profiles(), scale)
    rounds: dict[str, Callable[[Figures], Awaitable[None]]] = {
        "office": lambda into: measures.cpu_per_megabyte("office", 50, into),
        "video": lambda into: measures.cpu_per_megabyte("video", 4, into),
        "flood": measures.flood,
        "up": measures.up,
        "oneway": lambda into: measures.lateness(200, into),
    }
    figures = {name: Figures() for name in rounds}
    for number in range(scale.rounds):
        for name, ask in rounds.items():
            _tell(f"round {number + 1} of {scale.rounds}: {name}")
            await ask(figures[name])
    _tell("set-up, growth, memory")
    few, many = await measures.growth()
    memory = await measures.memory()
    setup_cpu_ms = await measures.setup()
    _tell("how many sessions a core carries")
    ours, ours_share = await measures.capacity(Sekisho)
    lite, lite_share = await measures.capacity(GuacamoleLite)
    oneway = medians(figures["oneway"])
    return {
        **{name: ratios(figures[name]) for name in ("office", "video", "flood", "up")},
        "oneway_p99_minus_nginx_ms": round(oneway["sekisho"] - oneway["nginx"], 3),
        "sessions_per_core": ours,
        "sessions_vs_guacamole_lite": round(ours / max(lite, 1), 1),
        **{name: round(value, 1) for name, value in memory.items()},
        "setup_cpu_ms": round(setup_cpu_ms, 3),
        "growth": round(many / few, 3),
        "medians": {name: medians(each) for name, each in figures.items()},
        "sessions": {"sekisho": ours, "guacamole-lite": lite},
        "tools_share": {name: round(each.tools_share, 2) for name, each in figures.items()}
        | {"capacity_sekisho": round(ours_share, 2), "capacity_guacamole_lite": round(lite_share, 2)},
        "load_average": round(os.getloadavg()[0], 1),
        "machine": f"{psutil.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}, "
        f"uvloop {version('uvloop')}, aiohttp {version('aiohttp')}",
    }


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.relay", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true", help="keep the result in bench/results")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-tools-") as name:
        result = asyncio.run(measure(QUICK if arguments.quick else FULL, Path(name)))
    if arguments.write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    print("\n".join(table(result)))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
