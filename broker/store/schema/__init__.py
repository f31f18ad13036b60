"""The tables, one module per feature. ``METADATA`` holds all of them; the migrations make the same."""

from broker.store.schema import (
    accounts,
    audit,
    devices,
    directory,
    passkeys,
    people,
    policy,
    pools,
    sealing,
    sessions,
    signin,
)
from broker.store.schema.metadata import METADATA

__all__ = [
    "METADATA",
    "accounts",
    "audit",
    "devices",
    "directory",
    "passkeys",
    "people",
    "policy",
    "pools",
    "sealing",
    "sessions",
    "signin",
]
