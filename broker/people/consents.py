"""Rules of use as people confirm them, and as the IT desk sees who did."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from broker.model.actor import Actor
from broker.model.consent import Consent, ConsentGiven, ConsentText
from broker.model.ids import TenantId
from broker.model.records import User
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.policy.consent_rules import ends_on_of, fact_of, is_in_force
from broker.policy.local_time import local_time
from broker.ports import AuditEntry, Store, Transaction
from broker.signin.records import Authenticated

_UTC: Final = "UTC"


class ConsentShown(msgspec.Struct, frozen=True, kw_only=True):
    """``is_due``: it has to be confirmed before pools open from here. ``given``: this text, when it was confirmed."""

    text: ConsentText
    is_due: bool
    given: Consent | None
    ends_on: date | None


class ConsentKept(msgspec.Struct, frozen=True):
    consent: Consent


class TextChanged(msgspec.Struct, frozen=True):
    """Another text is demanded by now than the one that was confirmed."""


class AnswersWrong(msgspec.Struct, frozen=True):
    """``places``: pages of the training whose question was not answered rightly, from 0."""

    places: tuple[int, ...]


class NothingDemanded(msgspec.Struct, frozen=True):
    """This tenant has no rules of use here."""


ConsentOutcome = ConsentKept | TextChanged | AnswersWrong | NothingDemanded


class ConsentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A person and what they confirmed last; ``is_current``: it is the text in force and not too old."""

    user: User
    consent: Consent | None
    is_current: bool


class ConsentDesk:
    """``texts``: what each tenant demands, as its row says it too."""

    def __init__(self, store: Store, texts: Mapping[TenantId, ConsentText]) -> None:
        self._store = store
        self._texts = texts

    async def show(self, auth: Authenticated) -> ConsentShown | NothingDemanded:
        text = self._texts.get(auth.user.tenant_id)
        if text is None:
            return NothingDemanded()
        async with self._store.read() as tx:
            last = await tx.policy.get_consent(auth.user.tenant_id, auth.user.id)
            zone = await _zone_of(tx, auth.user.tenant_id)
            today = local_time(tx.now, zone).date()
        fact = fact_of(last, zone)
        is_given = is_in_force(text.rule, fact, today)
        return ConsentShown(
            text=text,
            is_due=auth.session.origin in text.rule.origins and not is_given,
            given=last if is_given else None,
            ends_on=ends_on_of(text.rule, fact.given_on) if is_given and fact is not None else None,
        )

    async def give(self, auth: Authenticated, digest: str, answers: Sequence[int | None]) -> ConsentOutcome:
        """Confirm the text with this digest. ``answers``: the chosen places, one for each page of the training."""
        text = self._texts.get(auth.user.tenant_id)
        if text is None:
            return NothingDemanded()
        if digest != text.rule.digest:
            return TextChanged()
        padded = [*answers, *[None] * len(text.training)]
        wrong = tuple(place for place, page in enumerate(text.training) if padded[place] != page.right)
        if wrong:
            return AnswersWrong(wrong)
        async with self._store.write() as tx:
            consent = Consent(
                tenant_id=auth.user.tenant_id,
                user_id=auth.user.id,
                given_at=tx.now,
                version=text.rule.version,
                digest=text.rule.digest,
                origin=auth.session.origin,
                address=auth.session.address,
            )
            if await tx.policy.add_consent(consent):
                await tx.audit.append(_given(consent, len(text.training)))
        return ConsentKept(consent)

    async def list_all(self, actor: Actor) -> list[ConsentRow] | NotAllowed:
        """Everybody who has signed in, by login, with what they confirmed last."""
        if refusal := refuse_action(actor.roles, Action.SEE_PEOPLE):
            return refusal
        text = self._texts.get(actor.tenant_id)
        async with self._store.read() as tx:
            zone = await _zone_of(tx, actor.tenant_id)
            rows = await tx.policy.list_consents(actor.tenant_id)
            today = local_time(tx.now, zone).date()
        return [
            ConsentRow(user=user, consent=consent, is_current=_is_current(text, fact_of(consent, zone), today))
            for user, consent in rows
        ]

    async def note_export(self, actor: Actor, rows: int) -> NotAllowed | None:
        """Taking the list home is in the audit."""
        if refusal := refuse_action(actor.roles, Action.SEE_PEOPLE):
            return refusal
        async with self._store.write() as tx:
            entry = AuditEntry(
                tenant_id=actor.tenant_id,
                event="consent.exported",
                actor=actor.name,
                subject=f"tenant:{actor.tenant_id}",
                address=actor.address,
                detail={"rows": str(rows)},
            )
            await tx.audit.append(entry)
        return None


def _is_current(text: ConsentText | None, given: ConsentGiven | None, today: date) -> bool:
    return text is not None and is_in_force(text.rule, given, today)


async def _zone_of(tx: Transaction, tenant_id: TenantId) -> str:
    tenant = await tx.people.get_tenant(tenant_id)
    return _UTC if tenant is None else tenant.time_zone


def _given(consent: Consent, pages: int) -> AuditEntry:
    return AuditEntry(
        tenant_id=consent.tenant_id,
        event="consent.given",
        actor=f"user:{consent.user_id}",
        subject=f"user:{consent.user_id}",
        address=consent.address,
        detail={
            "version": consent.version,
            "digest": consent.digest,
            "origin": consent.origin.value,
            "training_pages": str(pages),
        },
    )
