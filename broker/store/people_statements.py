"""Statements about people and tenants that every request or sign-in repeats (see :mod:`broker.store.prepared`)."""

from typing import Any, Final

from sqlalchemy import UpdateBase, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from broker.store.prepared import Prepared, place, places_of
from broker.store.schema.passkeys import PASSKEY
from broker.store.schema.people import TENANT, TENANT_HOSTNAME, USER
from broker.store.schema.signin import TOTP_ENROLMENT

IS_ENROLLED: Final = or_(
    exists().where(TOTP_ENROLMENT.c.tenant_id == USER.c.tenant_id, TOTP_ENROLMENT.c.user_id == USER.c.id),
    exists().where(PASSKEY.c.tenant_id == USER.c.tenant_id, PASSKEY.c.user_id == USER.c.id),
)
"""Whether they have a second factor of any kind."""
USERS: Final = select(USER, IS_ENROLLED.label("is_enrolled"))
"""For further conditions."""
OWN_OF_PORTAL: Final = ("tenant_id", "id", "login", "is_locked", "last_signed_in_at")
"""What the directory says nothing about."""

_OF_TENANT = USER.c.tenant_id == place(USER.c.tenant_id)
_ASKED = TENANT_HOSTNAME.alias("asked")


def _put_user(insert: Any) -> UpdateBase:
    new = insert(USER).values(places_of(USER))
    shown = {name: new.excluded[name] for name in USER.columns.keys() if name not in OWN_OF_PORTAL}  # noqa: SIM118  not a mapping
    put: UpdateBase = new.on_conflict_do_update(index_elements=["tenant_id", "login"], set_=shown).returning(USER)
    return put


GET_USER: Final = Prepared(USERS.where(_OF_TENANT, USER.c.id == place(USER.c.id)))
FIND_USER: Final = Prepared(USERS.where(_OF_TENANT, USER.c.login == place(USER.c.login)))
PUT_USER: Final = Prepared(_put_user(postgresql.insert), on_sqlite=_put_user(sqlite.insert))
MARK_SIGNED_IN: Final = Prepared(
    update(USER)
    .where(_OF_TENANT, USER.c.id == place(USER.c.id, "user_id"))
    .values(last_signed_in_at=place(USER.c.last_signed_in_at, "moment"))
)
FIND_TENANT: Final = Prepared(
    select(TENANT, TENANT_HOSTNAME.c.hostname)
    .join(_ASKED, _ASKED.c.tenant_id == TENANT.c.id)
    .join(TENANT_HOSTNAME, TENANT_HOSTNAME.c.tenant_id == TENANT.c.id)
    .where(_ASKED.c.hostname == place(_ASKED.c.hostname, "asked"))
)
"""A row for each of the tenant's names."""
