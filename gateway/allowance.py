"""How often strangers may ask: a bucket for each address and one for all of them. Pure: times come in."""

from typing import Annotated, Final

import msgspec

from gateway.addresses import find_share

_FORGET_ABOVE: Final = 1024


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many at once, and so many a second in the long run."""

    per_s: Annotated[float, msgspec.Meta(gt=0)]
    at_once: Annotated[int, msgspec.Meta(ge=1)]


class Bucket:
    """A token bucket."""

    __slots__ = ("_at_s", "_left", "_rate")

    def __init__(self, rate: Rate, now_s: float) -> None:
        self._rate = rate
        self._left = float(rate.at_once)
        self._at_s = now_s

    def fill(self, now_s: float) -> float:
        """What is in it now."""
        self._left = min(float(self._rate.at_once), self._left + (now_s - self._at_s) * self._rate.per_s)
        self._at_s = now_s
        return self._left

    def is_full(self, now_s: float) -> bool:
        return self.fill(now_s) >= self._rate.at_once

    def take(self) -> None:
        self._left -= 1

    def give_back(self) -> None:
        self._left += 1


class Allowance:
    """Asks the address' own bucket first, so that one address alone can't empty the bucket of all."""

    def __init__(self, *, each: Rate, total: Rate, now_s: float) -> None:
        self._each = each
        self._total = Bucket(total, now_s)
        self._by_share: dict[str, Bucket] = {}

    def take(self, address: str, now_s: float) -> bool:
        """Whether this address may ask once more; if so, it is counted."""
        share = find_share(address)
        bucket = self._by_share.get(share) or Bucket(self._each, now_s)
        if bucket.fill(now_s) < 1 or self._total.fill(now_s) < 1:
            return False
        bucket.take()
        self._total.take()
        if share not in self._by_share:
            self._forget(now_s)
            self._by_share[share] = bucket
        return True

    def give_back(self, address: str) -> None:
        """It was no stranger: the address is not charged. The total is: it guards whoever answers."""
        bucket = self._by_share.get(find_share(address))
        if bucket is not None:
            bucket.give_back()

    def _forget(self, now_s: float) -> None:
        """A full bucket is as good as none. Those that are not full are few: the total sees to it."""
        if len(self._by_share) >= _FORGET_ABOVE:
            self._by_share = {share: bucket for share, bucket in self._by_share.items() if not bucket.is_full(now_s)}
