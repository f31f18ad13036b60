"""The morning rush: how many members of staff one broker process signs in per second, and what each costs.

    python -m bench.signin_storm [--database postgresql|sqlite] [--quick] [--staff 16000] [--write]

All parts are real and on this host: OpenLDAP with everybody in it, PostgreSQL, the broker as it is deployed, with its
throttles, its audit and the sealing of it. People arrive at random (a Poisson process) and none waits for another:
page, password, page, code, session, without a pause for typing. The time of each counts from the moment at which
they were due. The rate rises until the 99th percentile passes one second; what counts is the highest rate of the
ladder at which it stayed below half a second and nobody was refused.
"""

import argparse
import contextlib
import json
import platform
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil
import uvloop

from bench.signin_storm_directory import run_directory
from bench.signin_storm_ladder import GOOD_P99_MS, Ladder, Parts, Rung, climb, gather_crowd, hold, load_average, settle
from bench.signin_storm_site import fill_database, run_broker, write_site
from bench.signin_storm_staff import STAFF
from tests.parts.postgres import PostgresCluster, run_postgres

RESULTS: Final = Path(__file__).parent / "results"
_WHOLE: Final = Ladder(first_per_s=10, factor=1.25, hold_s=20)
_QUICK: Final = Ladder(first_per_s=10, factor=1.5, hold_s=6)
_WARM_UP_S: Final = 5.0
_RULE: Final = f"highest rate of the ladder with p99 < {GOOD_P99_MS:g} ms and nobody refused"


async def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    folder = Path(arguments.folder)
    staff, ladder = arguments.staff, _QUICK if arguments.quick else _WHOLE
    if arguments.hold:
        ladder = msgspec.structs.replace(ladder, first_per_s=arguments.hold, most_per_s=arguments.hold, hold_s=20)
    with run_database(arguments.database) as cluster, run_directory(folder, staff) as directory:
        url = await cluster.create_database() if cluster is not None else ""
        site = write_site(folder, directory.settings, url)
        await fill_database(site, staff)
        async with run_broker(site) as broker, gather_crowd(site.port, arguments.processes) as crowd:
            parts = Parts(broker=broker, directory=directory.pid, database=cluster.pid if cluster is not None else None)
            settled_s = await settle(parts)
            await hold(crowd, parts, ladder.first_per_s, _WARM_UP_S)
            load_before = load_average()
            rungs: list[Rung] = []
            async for rung in climb(crowd, parts, ladder):
                print(_line_of(rung), flush=True)
                rungs.append(rung)
    told = {"directory_load_s": directory.load_s, "first_sync_s": settled_s, "load_average_before": load_before}
    return describe(rungs, arguments) | told


@contextlib.contextmanager
def run_database(kind: str) -> Iterator[PostgresCluster | None]:
    if kind == "sqlite":
        yield None
        return
    with run_postgres(is_durable=True) as cluster:
        yield cluster


def _line_of(rung: Rung) -> str:
    return (
        f"{rung.per_s:6.1f}/s  p50 {rung.p50_ms:7.1f} ms  p99 {rung.p99_ms:7.1f} ms  CPU ms each: "
        f"broker {rung.broker_cpu_ms:5.2f}  directory {rung.directory_cpu_ms:5.2f}  "
        f"database {rung.database_cpu_ms:5.2f}  load {rung.load_cpu_ms:5.2f}  {rung.failed or ''}"
    )


def describe(rungs: list[Rung], arguments: argparse.Namespace) -> dict[str, Any]:
    held = max((rung for rung in rungs if rung.is_held), key=lambda rung: rung.per_s, default=None)
    told = msgspec.to_builtins(held) if held is not None else {}
    names = ("p50_ms", "p99_ms", "broker_cpu_ms", "directory_cpu_ms", "database_cpu_ms", "load_cpu_ms",
             "load_busiest_percent")  # fmt: skip
    return {
        "signins_per_s": held.per_s if held is not None else 0.0,
        **{name: told.get(name) for name in names},
        "rule": _RULE,
        "database": arguments.database,
        "staff": arguments.staff,
        "is_quick": arguments.quick,
        "ladder": [msgspec.to_builtins(rung) for rung in rungs],
        "machine": f"{psutil.cpu_count()} cores for all parts, {platform.platform()}, Python "
        f"{platform.python_version()}, aiohttp {version('aiohttp')}, SQLAlchemy {version('sqlalchemy')}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--quick", action="store_true", help="shorter rungs, at most two minutes")
    parser.add_argument("--staff", type=int, default=STAFF)
    parser.add_argument("--processes", type=int, default=2, help="of the load tool")
    parser.add_argument("--hold", type=float, default=0.0, metavar="PER_S", help="this rate alone, 20 s")
    parser.add_argument("--write", action="store_true", help="keep the result in bench/results")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sekisho-storm-") as folder:
        arguments.folder = folder
        result = uvloop.run(measure(arguments))
    if arguments.write:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"signin_storm_{arguments.database}.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
