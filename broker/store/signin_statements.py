"""The statements of a sign-in, which the morning rush repeats by the thousand (see :mod:`broker.store.prepared`)."""

from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Integer, Select, Text, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from broker.store.prepared import Prepared, named, place, prepare_add, prepare_put
from broker.store.schema.signin import (
    KNOWN_ADDRESS,
    PENDING_SIGNIN,
    THROTTLE,
    TOTP_ENROLMENT,
    WEB_SESSION,
)


def _is(*columns: Column[Any]) -> tuple[ColumnElement[bool], ...]:
    return tuple(column == place(column) for column in columns)


_KNOWN = KNOWN_ADDRESS.c
_MINE = _is(TOTP_ENROLMENT.c.tenant_id, TOTP_ENROLMENT.c.user_id)
_SINCE = place(_KNOWN.seen_at, "since")
_PENDING = select(PENDING_SIGNIN).where(*_is(PENDING_SIGNIN.c.token_hash))


def _newest() -> Select[Any]:
    newest = select(_KNOWN.address_hash).where(*_is(_KNOWN.account))
    return newest.order_by(_KNOWN.seen_at.desc(), _KNOWN.address_hash).limit(named("max_kept", Integer()))


GET_THROTTLES: Final = Prepared(
    select(THROTTLE).where(THROTTLE.c.key == func.any(named("keys", ARRAY(Text)))),
    on_sqlite=select(THROTTLE).where(THROTTLE.c.key.in_(named("keys", Text(), is_list=True))),
)
PUT_THROTTLE: Final = prepare_put(THROTTLE, ["key"])
CLEAR_THROTTLE: Final = Prepared(delete(THROTTLE).where(*_is(THROTTLE.c.key)))
IS_KNOWN: Final = Prepared(
    select(_KNOWN.account).where(*_is(_KNOWN.account, _KNOWN.address_hash), _KNOWN.seen_at > _SINCE)
)
PUT_KNOWN: Final = prepare_put(KNOWN_ADDRESS, ["account", "address_hash"])
FORGET_OLDEST: Final = Prepared(
    delete(KNOWN_ADDRESS).where(*_is(_KNOWN.account), _KNOWN.address_hash.not_in(_newest()))
)
ADD_PENDING: Final = prepare_add(PENDING_SIGNIN)
GET_PENDING: Final = Prepared(_PENDING)
HOLD_PENDING: Final = Prepared(_PENDING.with_for_update())
REMOVE_PENDING: Final = Prepared(delete(PENDING_SIGNIN).where(*_is(PENDING_SIGNIN.c.token_hash)))
GET_ENROLMENT: Final = Prepared(select(TOTP_ENROLMENT).where(*_MINE))
ADVANCE_STEP: Final = Prepared(
    update(TOTP_ENROLMENT)
    .where(*_MINE, TOTP_ENROLMENT.c.last_step < place(TOTP_ENROLMENT.c.last_step, "step"))
    .values(last_step=place(TOTP_ENROLMENT.c.last_step, "step"))
)
ADD_WEB_SESSION: Final = prepare_add(WEB_SESSION)
GET_WEB_SESSION: Final = Prepared(select(WEB_SESSION).where(*_is(WEB_SESSION.c.token_hash)))
REMOVE_WEB_SESSION: Final = Prepared(delete(WEB_SESSION).where(*_is(WEB_SESSION.c.token_hash)))
