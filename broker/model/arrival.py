"""How a request came in, as the channel proves it, never as a client says."""

import msgspec

from broker.model.place import Place
from broker.secret import Secret


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """One request's way in. ``place`` holds origin, segment and the device that the entrance itself vouches for;
    ``certificate_der`` is the device's own certificate, of which nothing is believed before it was checked;
    ``browser_mark`` what the browser got at an earlier sign-in, by which no more than its failures is told apart."""

    entrance: str
    address: str
    place: Place
    certificate_der: bytes | None = None
    browser_mark: Secret | None = None
