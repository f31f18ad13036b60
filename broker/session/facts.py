"""Rows of the books as the facts of one decision. Pure: what is not known stays ``None``."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from broker.model.consent import Consent
from broker.model.kinds import Origin
from broker.model.place import Place
from broker.model.policy_records import TeleworkApproval
from broker.model.records import Pool, Session, Tenant, User, WebSession
from broker.policy.consent_rules import fact_of
from broker.policy.facts import OpenFacts, PoolFacts, PrincipalFacts, UsageFacts
from broker.policy.local_time import local_time
from broker.policy.modes import mode_at


class PersonInBooks(msgspec.Struct, frozen=True, kw_only=True):
    """What the books hold about one person now. ``live`` are their live sessions, ``this_week`` all that were opened
    since Monday."""

    tenant: Tenant | None
    user: User | None
    web: WebSession | None
    approval: TeleworkApproval | None
    consent: Consent | None = None
    live: Sequence[Session]
    this_week: Sequence[Session]
    now: datetime


def facts_at_door(person: PersonInBooks, pool: Pool) -> OpenFacts:
    """Facts for :func:`broker.policy.opening.may_open`. Without a web session nobody is signed in."""
    web = person.web
    principal = None if web is None else _principal(person, web.factor or None, web.factor_at)
    return _facts(person, pool, principal, None if web is None else web.place)


def facts_of_standing(person: PersonInBooks, pool: Pool, session: Session) -> OpenFacts:
    """Facts for :func:`broker.policy.opening.may_go_on`: the place is that of the session's last ticket."""
    return _facts(person, pool, _principal(person, None, None), session.place)


def facts_as_if(person: PersonInBooks, pool: Pool, place: Place | None, factor_at: datetime) -> OpenFacts:
    """Facts of somebody who would come from ``place``, just signed in with both factors."""
    return _facts(person, pool, _principal(person, "as if", factor_at), place)


def _facts(person: PersonInBooks, pool: Pool, principal: PrincipalFacts | None, place: Place | None) -> OpenFacts:
    tenant = person.tenant
    return OpenFacts(
        principal=principal,
        pool=PoolFacts(tenant_id=pool.tenant_id, pool_id=pool.id, zone_id=pool.zone_id, is_open=pool.is_open),
        place=place,
        usage=None if tenant is None else _usage(person, tenant, pool),
        mode=None if tenant is None else mode_at(tenant, person.now),
        now=person.now,
    )


def _principal(person: PersonInBooks, factor: str | None, factor_at: datetime | None) -> PrincipalFacts | None:
    user = person.user
    if user is None:
        return None
    return PrincipalFacts(
        tenant_id=user.tenant_id,
        user_id=user.id,
        groups=user.groups,
        roles=user.roles,
        is_locked=user.is_shut_out,
        second_factor=factor,
        factor_at=factor_at,
        telework_until=None if person.approval is None else person.approval.ends_on,
        consent=None if person.tenant is None else fact_of(person.consent, person.tenant.time_zone),
    )


def _usage(person: PersonInBooks, tenant: Tenant, pool: Pool) -> UsageFacts:
    own = next((session for session in person.live if session.pool_id == pool.id), None)
    others = [session for session in person.live if session.pool_id != pool.id]
    before = others if own is None else [other for other in others if _is_older(other, own)]
    return UsageFacts(live_before=len(before), remote_days=frozenset(_remote_days(person, tenant)))


def _is_older(one: Session, other: Session) -> bool:
    return (one.created_at, one.id) < (other.created_at, other.id)


def _remote_days(person: PersonInBooks, tenant: Tenant) -> list[date]:
    remote = (session for session in person.this_week if session.origin is not Origin.OFFICE)
    return [local_time(session.created_at, tenant.time_zone).date() for session in remote]
