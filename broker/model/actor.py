"""Who asks for something in the console, the API or on the command line."""

import msgspec

from broker.model.ids import TenantId
from broker.model.kinds import Role


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """``name`` goes into the audit: ``user:<id>`` for a signed-in person, ``local:<uid>`` for the Unix socket."""

    tenant_id: TenantId
    name: str
    roles: frozenset[Role]
    address: str
