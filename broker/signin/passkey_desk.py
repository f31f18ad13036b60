"""Passkeys as the pages see them: sign-in, first enrolment, step-up; two calls each."""

from collections.abc import Mapping

import msgspec

from broker.model.ids import TenantId
from broker.model.passkeys import PasskeyRules
from broker.ports import PasskeyVerifier
from broker.secret import SealingKey, Secret
from broker.signin.parts import SigninParts
from broker.signin.passkey_enrolment import PasskeyEnrolment
from broker.signin.passkey_step import PasskeyStep
from broker.signin.records import (
    Authenticated,
    CodeOutcome,
    PasskeyAttempt,
    PasskeyQuestion,
    Refused,
    StepUpOutcome,
    StepUpRefused,
)
from broker.signin.stepping_up import StepUp


class Passkeys(msgspec.Struct, frozen=True):
    """Who checks keys, and the rules of each tenant that has them."""

    verifier: PasskeyVerifier
    rules: Mapping[TenantId, PasskeyRules]


class PasskeyDesk:
    """``hostname`` is that of the request. The browser has no say in for whom, or on which pages, a key counts."""

    def __init__(self, parts: SigninParts, sealing: SealingKey, step_up: StepUp) -> None:
        self._step = PasskeyStep(parts)
        self._enrolment = PasskeyEnrolment(parts, sealing)
        self._step_up = step_up

    async def ask_to_sign_in(self, pending: Secret, hostname: str) -> PasskeyQuestion | Refused:
        """For every sign-in between its two steps: the same question, whoever it is."""
        return await self._step.ask(pending, hostname)

    async def sign_in(self, attempt: PasskeyAttempt) -> CodeOutcome:
        """Second step, by a passkey."""
        return await self._step.submit(attempt)

    async def ask_to_enrol(self, pending: Secret, hostname: str) -> PasskeyQuestion | Refused:
        """For a first sign-in: what the browser asks an authenticator to make."""
        return await self._enrolment.ask(pending, hostname)

    async def enrol(self, attempt: PasskeyAttempt) -> CodeOutcome:
        """Second step of a first sign-in. The recovery codes are given out here, once."""
        return await self._enrolment.confirm(attempt)

    async def ask_to_step_up(self, auth: Authenticated, hostname: str) -> PasskeyQuestion | StepUpRefused:
        """Inside a session."""
        return await self._step_up.ask_passkey(auth, hostname)

    async def step_up(self, auth: Authenticated, hostname: str, answer: str) -> StepUpOutcome:
        """Inside a session: a passkey again, for what wants a fresh factor."""
        return await self._step_up.by_passkey(auth, hostname, answer)
