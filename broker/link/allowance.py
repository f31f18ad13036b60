"""How many messages a peer may send: a token bucket."""

from broker.errors import WireError


class Allowance:
    """Lets ``burst`` messages through at once and ``per_s`` in the long run."""

    __slots__ = ("_at_s", "_burst", "_left", "_per_s")

    def __init__(self, *, per_s: float, burst: int, now_s: float) -> None:
        self._per_s = per_s
        self._burst = float(burst)
        self._left = float(burst)
        self._at_s = now_s

    def spend(self, now_s: float) -> None:
        """Count one message. Raises :class:`WireError` when the peer floods."""
        if not self.may_spend(now_s):
            raise WireError("too many messages")

    def may_spend(self, now_s: float) -> bool:
        """Count one message, if there is one left to count."""
        self._left = min(self._burst, self._left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True
