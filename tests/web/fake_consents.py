"""A fake of confirmed rules of use, named by what it does."""

from collections.abc import Sequence
from datetime import date

from broker.model.actor import Actor
from broker.model.consent import Consent, ConsentRule, ConsentText, TrainingPage
from broker.model.kinds import Origin
from broker.people.consents import (
    AnswersWrong,
    ConsentKept,
    ConsentRow,
    ConsentShown,
    NothingDemanded,
    TextChanged,
)
from broker.policy.administration import Action, NotAllowed, refuse_action
from broker.signin.records import Authenticated
from tests.web.people import DESK, NOW, STAFF

TEXT = ConsentText(
    rule=ConsentRule(version="2026-1", digest="d1", origins=frozenset({Origin.OFFICE}), renew_months=12),
    dated=date(2026, 4, 1),
    text_ja="# 目的\n\n画面を**ほかの人に見せない**こと。\n\n- 印刷しない\n- 撮影しない",
    text_en="Never show the screen to others.",
    training=(
        TrainingPage(
            title_ja="離席するとき",
            text_ja="席を離れるときは、必ず画面をロックします。",
            question_ja="席を離れるときは？",
            choices_ja=("そのままにする", "画面をロックする"),
            right=1,
        ),
    ),
)


class ShelfOfConsents:
    """Nothing is demanded until ``text`` is set."""

    def __init__(self) -> None:
        self.text: ConsentText | None = None
        self.given: dict[str, Consent] = {}
        self.exported = 0
        self.is_due_for_nobody = False

    async def show(self, auth: Authenticated) -> ConsentShown | NothingDemanded:
        if self.text is None:
            return NothingDemanded()
        given = self.given.get(auth.user.login)
        return ConsentShown(
            text=self.text, is_due=given is None and not self.is_due_for_nobody, given=given, ends_on=date(2027, 4, 1)
        )

    async def give(
        self, auth: Authenticated, digest: str, answers: Sequence[int | None]
    ) -> ConsentKept | TextChanged | AnswersWrong | NothingDemanded:
        if self.text is None:
            return NothingDemanded()
        if digest != self.text.rule.digest:
            return TextChanged()
        if list(answers) != [page.right for page in self.text.training]:
            return AnswersWrong((0,))
        consent = Consent(
            tenant_id=auth.user.tenant_id,
            user_id=auth.user.id,
            given_at=NOW,
            version=self.text.rule.version,
            digest=digest,
            origin=auth.session.origin,
            address=auth.session.address,
        )
        self.given[auth.user.login] = consent
        return ConsentKept(consent)

    async def list_all(self, actor: Actor) -> list[ConsentRow] | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.SEE_PEOPLE):
            return refusal
        given = self.given
        return [ConsentRow(user=u, consent=given.get(u.login), is_current=u.login in given) for u in (STAFF, DESK)]

    async def note_export(self, actor: Actor, rows: int) -> NotAllowed | None:
        self.exported += rows
        return refuse_action(actor.roles, Action.SEE_PEOPLE)
