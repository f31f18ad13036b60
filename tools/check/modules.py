"""Names and sizes of modules: what import contracts cannot see."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PRODUCT: Final = ("auth", "broker", "gateway", "pools", "sekisho", "web")
MEANINGLESS: Final = frozenset({"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"})
MAX_LINES: Final = 300


def faults_of(path: Path) -> Iterator[str]:
    """What is wrong with the module at ``path``, which is given from the repository's root."""
    words = {*path.with_suffix("").parts[1:]}
    if vague := words & MEANINGLESS:
        yield f"{path}: '{vague.pop()}' names no one thing"
    if "migrations" not in path.parts:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_LINES:
            yield f"{path}: {lines} lines; a module has at most {MAX_LINES}"
    if "migrations" not in path.parts and not (path.parent / "__init__.py").exists():
        yield f"{path}: its folder has no __init__.py"


def main() -> int:
    """Print every fault of the product's modules; 1 when there is one."""
    modules = sorted(path for package in PRODUCT for path in Path(package).rglob("*.py"))
    faults = [fault for module in modules for fault in faults_of(module)]
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
