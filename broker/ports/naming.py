"""Names of what audit records speak of: ids go in, what people call the things comes out."""

from collections.abc import Mapping

import msgspec

from broker.model.ids import DesktopId, DeviceId, PoolId, SessionId, UserId
from broker.model.records import Pool


class References(msgspec.Struct, frozen=True, kw_only=True):
    """Ids (and typed logins) that a page of records mentions."""

    users: frozenset[UserId] = frozenset()
    logins: frozenset[str] = frozenset()
    pools: frozenset[PoolId] = frozenset()
    desktops: frozenset[DesktopId] = frozenset()
    devices: frozenset[DeviceId] = frozenset()
    sessions: frozenset[SessionId] = frozenset()


class PersonName(msgspec.Struct, frozen=True, kw_only=True):
    """A person, exactly as the directory has them."""

    id: UserId
    login: str
    display_name: str


class SessionName(msgspec.Struct, frozen=True, kw_only=True):
    """Whose session it was, and on which pool."""

    id: SessionId
    user_id: UserId
    pool_id: PoolId


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the references; what is gone has no entry."""

    users: Mapping[UserId, PersonName] = {}
    logins: Mapping[str, PersonName] = {}
    pools: Mapping[PoolId, Pool] = {}
    desktops: Mapping[DesktopId, str] = {}
    devices: Mapping[DeviceId, str] = {}
    sessions: Mapping[SessionId, SessionName] = {}
