"""Grants for tests, by name."""

import msgspec

from broker.model.grants import Grants


def grant_only(*names: str) -> Grants:
    """Nothing but these."""
    return msgspec.convert(dict.fromkeys(names, True), Grants)
