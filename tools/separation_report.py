"""From what the proofs of separation have written down to one report: JSON, a readable page, and a last line."""

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

PROOFS: Final[Mapping[str, tuple[str, ...]]] = {
    "zones": (
        *(f"picture_at_client-{client}" for client in ("office", "wifi", "sim", "home")),
        *(f"resident_at_client-{client}" for client in ("office", "wifi", "sim", "home")),
        *("browser", "hosts_and_router", "hosts_alone", "router_alone"),
        *("taken_over_but_for_router", "taken_over_but_for_the_others"),
        *("flows_check", "rule_added", "gateway_killed", "entrance_killed"),
    ),
    "leak": ("chromium",),
    "smuggling": ("relay", "through_the_gateway"),
}
"""Every suite, with the proofs without which it is incomplete."""

_TITLES: Final = {
    "zones": "Zones: no client reaches anything but its entrance",
    "leak": "Leak: nothing of a desktop stays on the device",
    "smuggling": "Smuggling: nothing that was not granted crosses",
}

Entry = dict[str, Any]


def build(entries: Iterable[Entry]) -> dict[str, Any]:
    """The summary: sums over all suites, and each suite or ``None`` when it has not been run."""
    suites: dict[str, Any] = dict.fromkeys(PROOFS)
    for entry in entries:
        suite = suites.get(entry["suite"]) or {"paths_tried": 0, "finds": 0, "accepted": 0, "proofs": {}}
        suite["paths_tried"] += entry["paths"]
        suite["finds"] += len(entry["finds"])
        suite["accepted"] += len(entry["accepted"])
        proof = {"paths_tried": entry["paths"], "finds": entry["finds"], "accepted": entry["accepted"]}
        suite["proofs"][entry["proof"]] = proof | {"facts": entry["facts"]}
        suites[entry["suite"]] = suite
    ran = [suite for suite in suites.values() if suite is not None]
    return {
        "paths_tried": sum(suite["paths_tried"] for suite in ran),
        "finds": sum(suite["finds"] for suite in ran),
        **suites,
    }


def find_missing(report: Mapping[str, Any]) -> list[str]:
    """Proofs that ought to be there and are not: they broke off before they could say what they found."""
    return [
        f"{suite}/{proof}"
        for suite, proofs in PROOFS.items()
        for proof in proofs
        if report[suite] is None or proof not in report[suite]["proofs"]
    ]


def last_line(report: Mapping[str, Any]) -> str:
    """One line of JSON, without the texts."""
    short = {
        suite: None
        if report[suite] is None
        else {name: report[suite][name] for name in ("paths_tried", "finds", "accepted")}
        for suite in PROOFS
    }
    return json.dumps({"paths_tried": report["paths_tried"], "finds": report["finds"], **short})


def write_page(report: Mapping[str, Any], missing: Iterable[str]) -> str:
    """The readable page, in Markdown."""
    lines = [
        "# Separation: what was tried and what was found",
        "",
        f"{report['made_at']}, {report['took_s']} s.",
        "",
        f"**{report['paths_tried']} paths tried, {report['finds']} finds.**",
        "",
        "What the proofs cover, and what they can't, is written in docs/threat-model.md.",
        "",
    ]
    lines += [f"**Incomplete:** {proof} broke off; see the output of its tests.\n" for proof in missing]
    for suite, title in _TITLES.items():
        lines += [f"## {title}", ""]
        lines += (
            _describe(report[suite])
            if report[suite] is not None
            else ["Not proven yet: no proof of this suite has reported."]
        )
        lines.append("")
    return "\n".join(lines)


def _describe(suite: Mapping[str, Any]) -> list[str]:
    lines = ["| proof | paths tried | finds | accepted |", "|---|---|---|---|"]
    for name, proof in suite["proofs"].items():
        lines.append(f"| {name} | {proof['paths_tried']} | {len(proof['finds'])} | {len(proof['accepted'])} |")
    for name, proof in suite["proofs"].items():
        facts = [f"- {fact.replace('_', ' ')}: {_plain(value)}" for fact, value in proof["facts"].items()]
        lines += ["", f"**{name}**", "", *facts]
        lines += [f"- FOUND: {find}" for find in proof["finds"]]
        lines += [f"- accepted: {find}" for find in proof["accepted"]]
    return lines


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    return str(value)


def main(ledger: Path, folder: Path, took_s: int) -> int:
    """Write both files; 0 when every proof is there and found nothing."""
    lines = ledger.read_text("utf-8").splitlines() if ledger.exists() else []
    report = build(json.loads(line) for line in lines)
    report |= {"made_at": datetime.now(UTC).isoformat(timespec="seconds"), "took_s": took_s}
    missing = find_missing(report)
    report["missing"] = missing
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "separation.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", "utf-8")
    (folder / "separation.md").write_text(write_page(report, missing), "utf-8")
    for proof in missing:
        print(f"{proof} broke off before it could say what it found.")
    print(f"The report: {folder / 'separation.md'}, {folder / 'separation.json'}")
    print(last_line(report))
    return 1 if missing or report["finds"] else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
