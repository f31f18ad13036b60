"""The help desk's sheet of everybody in a small city."""

from datetime import timedelta

from broker.lifecycle.session import SessionState
from broker.model.actor import Actor
from broker.model.ids import UserId
from broker.people.help_desk import PersonSheet
from broker.people.hindrances import Hindrance, HindranceKind, SigninKind, SigninTold
from broker.people.records import NoSuchPerson
from broker.policy.administration import Action, NotAllowed, refuse_action
from tests.web.fake_locks import ListedLocks
from tests.web.fake_signin import PlainSignin
from tests.web.people import NOW, POOLS, TENANT, make_session


def make_told(kind: SigninKind, cause: str = "", minutes: int = 0, **more: str) -> SigninTold:
    return SigninTold(
        at=NOW - timedelta(minutes=minutes),
        kind=kind,
        cause=cause,
        address="192.0.2.10",
        origin=more.get("origin", ""),
        entrance=more.get("entrance", ""),
        device_id=more.get("device_id", ""),
        factor="",
        record_id=minutes,
    )


class PatientHelpDesk:
    def __init__(self, signin: PlainSignin, locks: ListedLocks) -> None:
        self._signin = signin
        self._locks = locks
        self.hindrances: tuple[Hindrance, ...] = (
            Hindrance(kind=HindranceKind.WAITS, what="pair", until=NOW + timedelta(minutes=2)),
            Hindrance(kind=HindranceKind.LAST_REFUSED, what="wrong_code"),
        )
        self.signins: tuple[SigninTold, ...] = (
            make_told(SigninKind.REFUSED, "wrong_code"),
            make_told(SigninKind.THROTTLED, minutes=1),
            make_told(SigninKind.POOL_REFUSED, "not_entitled", minutes=2),
            make_told(SigninKind.SIGNED_IN, minutes=60, origin="closed_sim", entrance="sim", device_id="d1"),
        )

    async def look(self, actor: Actor, user_id: UserId) -> PersonSheet | NoSuchPerson | NotAllowed:
        if refusal := refuse_action(actor.roles, Action.SEE_PEOPLE):
            return refusal
        user = next((user for user in self._signin.users.values() if user.id == user_id), None)
        if user is None:
            return NoSuchPerson()
        return PersonSheet(
            user=user,
            tenant=TENANT,
            hindrances=self.hindrances,
            signins=self.signins,
            throttles=tuple(lock for lock in self._locks.locks if lock.login == user.login),
            browsers=tuple(it.session for it in self._signin.signed_in.values() if it.user.id == user_id),
            live=((make_session(POOLS[0][0], user, SessionState.ACTIVE), POOLS[0][0]),),
            devices=(),
            device_names={"d1": "PC-0101"},
            approval=None,
        )
