"""Who asks for something in the console, the API or on the command line."""

from datetime import datetime

import msgspec

from broker.model.ids import TenantId
from broker.model.kinds import Role


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """``name`` goes into the audit: ``user:<id>`` for a signed-in person, ``local:<uid>`` for the Unix socket.

    ``factor_at``: when the person showed both factors; ``None``: nobody has signed in.
    """

    tenant_id: TenantId
    name: str
    roles: frozenset[Role]
    address: str
    factor_at: datetime | None = None

    @property
    def is_at_host(self) -> bool:
        """On the command line of the broker's host, as root or as the broker's user."""
        return self.name.startswith("local:")
