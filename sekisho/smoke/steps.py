"""How a step of the walk fails."""

from broker.errors import SekishoError


class SmokeFailed(SekishoError):
    """A step did not do what a staff member would have seen; the message says which and what came instead."""
