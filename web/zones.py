"""Order and colour of network zones: the same on the portal, in the session's toolbar and in the console."""

from typing import Final
from zlib import crc32

from broker.model.ids import ZoneId
from broker.model.records import Pool

COLOURS: Final = 6
_KNOWN: Final = {"lgwan": 0, "resident": 1, "internet": 2, "internet_zone": 2}


def zone_colour(zone_id: ZoneId) -> int:
    """A number below :data:`COLOURS` that depends on the zone alone. The three usual zones never share one."""
    taken = len(set(_KNOWN.values()))
    return _KNOWN.get(zone_id, taken + crc32(zone_id.encode()) % (COLOURS - taken))


def pool_order(pool: Pool) -> tuple[str, str, str]:
    """Pools stand by zone, then by name."""
    return pool.zone_id, pool.name_ja, pool.id
