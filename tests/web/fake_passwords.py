"""A fake of people's passwords, named by what it does."""

from msgspec.structs import replace

from broker.model.passwords import NewPasswordFault, PasswordPolicy
from broker.people.passwords import RulesShown
from broker.secret import Secret
from broker.signin.records import (
    Authenticated,
    CantChange,
    ChangeAttempt,
    ChangeOutcome,
    DirectoryDown,
    NotTaken,
    OwnChange,
    OwnChangeOutcome,
    OwnPasswordChanged,
    Refused,
    StepUpMissing,
)
from tests.web.fake_signin import PASSWORD, PlainSignin

NEW_PASSWORD = "みなと-Lantern-27"


class ShelfOfPasswords:
    """Twelve characters at least; ``days`` until the person's password runs out."""

    def __init__(self, signin: PlainSignin) -> None:
        self._signin = signin
        self.policy = PasswordPolicy(min_length=12, history=5, min_age_s=86_400, needs_kinds=True)
        self.days: int | None = None
        self.is_down = False
        self.tries = 0
        self.needs_factor = False

    async def show_pending(self, token: Secret) -> RulesShown | None:
        user = self._signin.must_change.get(token.reveal())
        return None if user is None else RulesShown(user=user, policy=self.policy)

    async def show_own(self, auth: Authenticated) -> RulesShown | StepUpMissing | CantChange:
        if self.needs_factor:
            return StepUpMissing()
        return RulesShown(user=auth.user, policy=self.policy)

    async def finish(self, attempt: ChangeAttempt) -> ChangeOutcome:
        user = self._signin.must_change[attempt.pending.reveal()]
        refusal = self._refuse(attempt.old, attempt.new)
        if refusal is not None:
            return refusal
        del self._signin.must_change[attempt.pending.reveal()]
        return self._signin.enter(replace(user, is_enrolled=True))

    async def change_own(self, auth: Authenticated, wish: OwnChange) -> OwnChangeOutcome:
        assert auth.user.login
        return self._refuse(wish.old, wish.new) or OwnPasswordChanged(1)

    def can_change(self, auth: Authenticated) -> bool:
        return bool(auth.user.login)

    async def days_left(self, auth: Authenticated) -> int | None:
        return self.days if auth.user.login else None

    def _refuse(self, old: Secret, new: Secret) -> NotTaken | Refused | DirectoryDown | None:
        self.tries += 1
        if self.is_down:
            return DirectoryDown()
        if old != Secret(PASSWORD):
            return Refused(may_retry=self.tries < 3)
        return NotTaken(NewPasswordFault.TOO_SHORT) if len(new.reveal()) < 12 else None
