"""The audit: hash chains, signed checkpoints outside of the database, verification, search."""

from broker.audit.checkpoint import CheckpointKey, VerifyingKey
from broker.audit.records import Finding, FindingKind, VerifyReport
from broker.audit.sealer import Sealer
from broker.audit.service import AuditService
from broker.audit.verification import verify

__all__ = [
    "AuditService",
    "CheckpointKey",
    "Finding",
    "FindingKind",
    "Sealer",
    "VerifyReport",
    "VerifyingKey",
    "verify",
]
