"""The loaded packet filter against the derived one. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from broker.flow import TABLE
from broker.flow.nft import FAMILY
from sekisho.flows.loaded import LoadedChain, LoadedRule, LoadedTable
from sekisho.flows.records import Finding, FindingKind

_LONGEST: Final = 200


def find_drift(host_id: str, loaded: Iterable[LoadedTable], derived: LoadedTable) -> list[Finding]:
    """Everything in which the two differ, and tables of others that take part in filtering."""
    tables = list(loaded)
    reload = f"load it: sekisho flows nft --host {host_id} | nft -f -"
    ours = next((table for table in tables if (table.family, table.name) == (FAMILY, TABLE)), None)
    found: list[Finding] = []
    if ours is None:
        what = f"the table {FAMILY} {TABLE} is not loaded: this host filters nothing of its own"
        found.append(Finding(kind=FindingKind.NOT_LOADED, subject=f"{FAMILY} {TABLE}", what=what, remedy=reload))
    else:
        found += _table(ours, derived, reload)
    others = [table for table in tables if table is not ours]
    return [*found, *(finding for table in others for finding in _other(table))]


def _table(ours: LoadedTable, derived: LoadedTable, reload: str) -> Iterator[Finding]:
    if ours.has_flags:
        what = "the table has a flag (dormant): it may filter nothing"
        yield Finding(kind=FindingKind.DORMANT, subject=f"{FAMILY} {TABLE}", what=what, remedy=reload)
    for name in ours.objects:
        what = "it was added by hand"
        yield Finding(kind=FindingKind.OBJECT_ADDED, subject=name, what=what, remedy=reload)
    for name in sorted(ours.chains.keys() | derived.chains.keys()):
        there, wanted = ours.chains.get(name), derived.chains.get(name)
        if wanted is None:
            what = "the chain was added by hand"
            yield Finding(kind=FindingKind.OBJECT_ADDED, subject=f"chain {name}", what=what, remedy=reload)
        elif there is None:
            what = f"the chain is not there: {wanted.hook} is not filtered"
            yield Finding(kind=FindingKind.CHAIN_MISSING, subject=f"chain {name}", what=what, remedy=reload)
        else:
            yield from _chain(there, wanted, reload)


def _chain(there: LoadedChain, wanted: LoadedChain, reload: str) -> Iterator[Finding]:
    place = f"chain {there.name}"
    for field in ("policy", "hook", "kind", "priority"):
        is_now, ought = getattr(there, field), getattr(wanted, field)
        if is_now != ought:
            what = f"its {field} is {is_now or 'none'} and ought to be {ought}"
            yield Finding(kind=FindingKind.CHAIN_CHANGED, subject=place, what=what, remedy=reload)
    missing, added = _less(wanted.rules, there.rules), _less(there.rules, wanted.rules)
    for rule in missing:
        subject = rule.comment or place
        what = f"its rule is missing in {place}: {_shorten(rule.expression)}"
        yield Finding(kind=FindingKind.RULE_MISSING, subject=subject, what=what, remedy=reload)
    for rule in added:
        what = f"a rule that the settings do not have{_named(rule)}: {_shorten(rule.expression)}"
        remedy = (
            f"if it is needed, write it into [[further_flows]]; then {reload}, "
            f"or: nft delete rule {FAMILY} {TABLE} {there.name} handle {rule.handle}"
        )
        yield Finding(kind=FindingKind.RULE_ADDED, subject=place, what=what, remedy=remedy)
    if not missing and not added and _keys(there.rules) != _keys(wanted.rules):
        what = "its rules stand in another order"
        yield Finding(kind=FindingKind.ORDER_CHANGED, subject=place, what=what, remedy=reload)


def _keys(rules: Iterable[LoadedRule]) -> list[tuple[str, str]]:
    return [(rule.comment, rule.expression) for rule in rules]


def _less(rules: Iterable[LoadedRule], others: Iterable[LoadedRule]) -> list[LoadedRule]:
    """Rules that are not among the others; one that is there twice counts twice."""
    left = Counter(_keys(others))
    found: list[LoadedRule] = []
    for rule in rules:
        key = (rule.comment, rule.expression)
        if left[key] > 0:
            left[key] -= 1
        else:
            found.append(rule)
    return found


def _named(rule: LoadedRule) -> str:
    return f' ("{rule.comment}")' if rule.comment else ""


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _other(table: LoadedTable) -> Iterator[Finding]:
    """A table of someone else's can't open what ours drops, but it can drop, rewrite, and hide what really holds."""
    hooked = [chain for chain in table.chains.values() if chain.hook]
    if not hooked:
        return
    chains = ", ".join(
        f"{chain.hook} ({chain.kind}, policy {chain.policy or 'accept'}, {len(chain.rules)} rules)" for chain in hooked
    )
    yield Finding(
        kind=FindingKind.OTHER_TABLE,
        subject=f"{table.family} {table.name}",
        what=f"another table takes part: {chains}",
        remedy=f"if nothing needs it: nft delete table {table.family} {table.name} (and in /etc/nftables.conf)",
    )
