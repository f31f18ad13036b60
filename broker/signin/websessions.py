"""Signed-in browsers: begun with fresh cookies, ended by idleness, age, sign-out or a locked account."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from broker.device.recognition import recognise
from broker.model.arrival import Arrival
from broker.model.ids import TenantId, UserId
from broker.model.kinds import CertificateState, Role
from broker.model.passkeys import withheld_roles
from broker.model.reasons import SignedOutCause
from broker.model.records import User, WebSession
from broker.model.text import clean_text
from broker.ports import AuditEntry, Store, Transaction
from broker.secret import Secret, hash_token, new_token
from broker.settings import SigninSettings
from broker.signin import trail
from broker.signin.ceremonies import Ceremonies
from broker.signin.inputs import MAX_ADDRESS, MAX_USER_AGENT, hash_cookie
from broker.signin.records import Authenticated, SignedIn, SignedOut
from broker.signin.rules import is_live

_TOUCH_S: Final = 60


class WebSessions:
    """A session belongs to the entrance where it began: what that one proved holds for all of its requests."""

    def __init__(self, store: Store, settings: SigninSettings, ceremonies: Ceremonies) -> None:
        self._store = store
        self._ceremonies = ceremonies
        self._settings = settings

    async def begin(
        self,
        tx: Transaction,
        user: User,
        *,
        factor: str,
        arrival: Arrival,
        user_agent: str,
        password_ends_at: datetime | None = None,
    ) -> SignedIn:
        """A session with tokens that nobody has seen before, inside the transaction that signs the person in."""
        token, tunnel = new_token(), new_token()
        device = await recognise(tx, user.tenant_id, arrival.certificate_der, login=user.login)
        place = device.placed(arrival.place)
        session = WebSession(
            token_hash=hash_token(token),
            tenant_id=user.tenant_id,
            user_id=user.id,
            csrf_token=new_token().reveal(),
            tunnel_hash=hash_token(tunnel),
            factor=factor,
            entrance=arrival.entrance,
            origin=place.origin,
            segment=place.segment,
            device=place.device,
            certificate=place.certificate,
            device_id=device.device_id,
            password_ends_at=password_ends_at,
            factor_at=tx.now,
            address=clean_text(arrival.address, MAX_ADDRESS),
            user_agent=clean_text(user_agent, MAX_USER_AGENT),
            created_at=tx.now,
            seen_at=tx.now,
            expires_at=tx.now + timedelta(seconds=self._settings.absolute_limit_s),
        )
        await tx.signin.add_web_session(session)
        if device.device_id is not None:
            await tx.devices.touch_device(user.tenant_id, device.device_id, session.address)
        withheld = await self._withheld(tx, user, session)
        return SignedIn(token=token, tunnel=tunnel, session=session, user=user, withheld_roles=withheld)

    async def authenticate(self, token: Secret, arrival: Arrival) -> Authenticated | SignedOut | None:
        """Who holds this cookie, with the facts as they are now. ``session.address`` is then where they are now.

        A cookie that turns up at another entrance or without its device's certificate has left the browser that it
        was given to, or the browser its place: either way its session ends.
        """
        token_hash = hash_cookie(token)
        if token_hash is None:
            return None
        async with self._store.read() as tx:
            now = tx.now
            found = await _find(tx, token_hash)
            cause = None if found is None else await _misplaced(tx, found, arrival)
            withheld = frozenset[Role]() if found is None else await self._withheld(tx, found.user, found.session)
        if found is None:
            return None
        session = found.session
        if not is_live(session, idle_limit_s=self._settings.idle_limit_s, now=now):
            await self._end(session, "expired" if now >= session.expires_at else "idle")
            return None
        if cause is not None:
            await self._end(session, cause)
            return SignedOut(cause)
        if found.user.is_shut_out:
            return None
        here = msgspec.structs.replace(session, address=clean_text(arrival.address, MAX_ADDRESS))
        if now - session.seen_at >= timedelta(seconds=_TOUCH_S):
            async with self._store.write() as tx:
                await tx.signin.touch_web_session(token_hash, tx.now)
                if here.device_id is not None:
                    await tx.devices.touch_device(here.tenant_id, here.device_id, here.address)
        return msgspec.structs.replace(found, session=here, withheld_roles=withheld, arrival=arrival)

    async def _withheld(self, tx: Transaction, user: User, session: WebSession) -> frozenset[Role]:
        """An emergency administrator has the app that was enrolled at the broker's host, and no passkey."""
        withheld = withheld_roles(user.roles, session.factor, self._ceremonies.required_roles(session.tenant_id))
        account = await tx.accounts.get(user.tenant_id, user.id) if withheld else None
        return frozenset() if account is not None and account.is_emergency else withheld

    async def sign_out(self, token: Secret) -> Authenticated | None:
        """End this session; whose it was, for exactly one caller."""
        token_hash = hash_cookie(token)
        if token_hash is None:
            return None
        async with self._store.write() as tx:
            found = await _find(tx, token_hash)
            if found is None or not await tx.signin.remove_web_session(token_hash):
                return None
            await tx.audit.append(_ended(found.session, "signed_out"))
            return found

    async def sign_out_everywhere(self, tenant_id: TenantId, user_id: UserId, *, actor: str) -> int:
        """End all sessions of a person; how many there were."""
        async with self._store.write() as tx:
            return await self.end_all(tx, tenant_id, user_id, actor=actor)

    async def end_all(
        self,
        tx: Transaction,
        tenant_id: TenantId,
        user_id: UserId,
        *,
        actor: str,
        reason: str = "signed_out_everywhere",
        besides: bytes | None = None,
    ) -> int:
        """The same inside a transaction; ``besides`` is the hash of the one that stays."""
        count = await tx.signin.remove_web_sessions_of(tenant_id, user_id, besides=besides)
        if count:
            detail = {"reason": reason, "count": str(count)}
            entry = AuditEntry(
                tenant_id=tenant_id, event="websession.ended", actor=actor, subject=f"user:{user_id}", detail=detail
            )
            await tx.audit.append(entry)
        return count

    async def _end(self, session: WebSession, reason: str) -> None:
        async with self._store.write() as tx:
            if await tx.signin.remove_web_session(session.token_hash):
                await tx.audit.append(_ended(session, reason))


async def _find(tx: Transaction, token_hash: bytes) -> Authenticated | None:
    session = await tx.signin.get_web_session(token_hash)
    user = await tx.people.get_user(session.tenant_id, session.user_id) if session else None
    return Authenticated(session=session, user=user) if session and user else None


async def _misplaced(tx: Transaction, found: Authenticated, arrival: Arrival) -> SignedOutCause | None:
    """Why this session can't have been meant to come in this way."""
    session = found.session
    if session.entrance != arrival.entrance:
        return SignedOutCause.OTHER_ENTRANCE
    if session.device_id is None:
        return None
    device = await recognise(tx, session.tenant_id, arrival.certificate_der, login=found.user.login)
    if device.device_id == session.device_id:
        return None
    match device.certificate:
        case CertificateState.ABSENT:
            return SignedOutCause.DEVICE_MISSING
        case CertificateState.EXPIRED | CertificateState.REVOKED:
            return SignedOutCause.DEVICE_REFUSED
        case _:
            return SignedOutCause.DEVICE_OTHER


def _ended(session: WebSession, reason: str) -> AuditEntry:
    return trail.of_person(session, "websession.ended", {"reason": reason})
