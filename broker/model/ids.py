"""Identifiers. Each kind has a type of its own, so that a pool id never passes for a desktop id."""

import base64
import secrets
from typing import NewType

TenantId = NewType("TenantId", str)
ZoneId = NewType("ZoneId", str)
UserId = NewType("UserId", str)
PoolId = NewType("PoolId", str)
DesktopId = NewType("DesktopId", str)
AssignmentId = NewType("AssignmentId", str)
SessionId = NewType("SessionId", str)
AttachmentId = NewType("AttachmentId", str)
GatewayId = NewType("GatewayId", str)
AgentId = NewType("AgentId", str)
DeviceId = NewType("DeviceId", str)


def new_id() -> str:
    """A random identifier: 26 characters of lower-case base32 (RFC 4648), 128 bits, safe in paths and URLs."""
    return base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=").lower()
