"""The whole check of one host, on that host."""

import socket
from collections import Counter
from collections.abc import Sequence
from datetime import date

from broker.flow import Flow, derive, ruleset_of
from broker.flow.addresses import read_address
from broker.model.flow_settings import HostSettings
from broker.settings import SiteSettings
from sekisho.flows.drift import find_drift
from sekisho.flows.loaded import CannotCheck, read_derived, read_loaded
from sekisho.flows.probing import probe_all
from sekisho.flows.records import CLOSED, Answer, Finding, FindingKind, Probed, Report
from sekisho.flows.sampling import Listed, listed_from, sample_unlisted


async def check_host(
    settings: SiteSettings, host_id: str, today: date, *, count: int, seed: int, timeout_s: float
) -> Report:
    """Probe and compare. Raises :class:`CannotCheck` or :class:`ConfigurationError`."""
    derived = await read_derived(ruleset_of(settings, host_id, today))
    host = next(host for host in settings.hosts if host.id == host_id)
    require_own_address(host)
    flows = derive(settings, today)
    listed, not_probed = listed_from(host, flows)
    closed = await _try_listed(listed, timeout_s)
    unlisted = sample_unlisted(host, settings.hosts, flows, count=count, seed=seed)
    answers = await probe_all(unlisted, timeout_s=timeout_s)
    drift = find_drift(host_id, await read_loaded(), derived)
    return Report(
        host=host_id,
        seed=seed,
        flows=len(listed),
        flows_open=len(listed) - len({finding.subject for finding in closed}),
        not_probed=tuple(not_probed),
        unlisted=len(unlisted),
        unlisted_answers=dict(sorted(Counter(str(probed.answer) for probed in answers).items())),
        findings=(*closed, *_find_reachable(answers, flows), *drift),
    )


def require_own_address(host: HostSettings) -> None:
    """The check says something about this machine only. Raises :class:`CannotCheck`."""
    if not any(_is_own(text) for text in host.addresses):
        raise CannotCheck(f"this machine has no address of {host.id} ({', '.join(host.addresses)}): run it there")


def _is_own(text: str) -> bool:
    address = read_address(text)
    family = socket.AF_INET6 if address is not None and address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as channel:
        try:
            channel.bind((text, 0))
        except OSError:
            return False
        return True


async def _try_listed(listed: Sequence[Listed], timeout_s: float) -> list[Finding]:
    targets = [target for one in listed for target in one.targets]
    answers = iter(await probe_all(targets, timeout_s=timeout_s))
    found: list[Finding] = []
    for one in listed:
        probed = [next(answers) for _target in one.targets]
        shut = [each for each in probed if each.answer is not Answer.OPEN]
        if one.is_any and len(shut) < len(probed):
            continue
        found += [_closed(one.flow, each) for each in shut]
    return found


def _closed(flow: Flow, probed: Probed) -> Finding:
    what, remedy = CLOSED[probed.answer]
    return Finding(
        kind=FindingKind.FLOW_CLOSED,
        subject=flow.id,
        what=f"{probed.where}: {what} ({flow.why_en})",
        remedy=remedy.format(target=flow.target.name),
    )


def _find_reachable(answers: Sequence[Probed], flows: Sequence[Flow]) -> list[Finding]:
    """A refusal is as bad as an open port: the packet came through and an answer came back."""
    return [
        Finding(
            kind=FindingKind.REACHABLE,
            subject=probed.where,
            what="not listed, but open"
            if probed.answer is Answer.OPEN
            else "not listed, but a reset came back: the way is open through the filter, only nobody listens",
            remedy=_shut_it(probed, flows),
        )
        for probed in answers
        if probed.answer in {Answer.OPEN, Answer.REFUSED}
    ]


def _shut_it(probed: Probed, flows: Sequence[Flow]) -> str:
    name = next((flow.target.name for flow in flows if probed.address in flow.target.addresses), probed.address)
    return f"load the derived ruleset here, on {name} and on the routers between; if it is needed, list it first"
