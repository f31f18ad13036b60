"""What all proofs of separation share."""

import pytest

from tests.gateway.conftest import site
from tests.separation.ledger import Ledger

__all__ = ["ledger", "site"]


@pytest.fixture
def ledger() -> Ledger:
    """Where a proof writes how many paths it tried and what it found."""
    return Ledger.of_environment()
