"""From where a first authenticator app may be enrolled by password alone. Pure."""

import msgspec

from broker.model.arrival import Arrival
from broker.model.kinds import Origin
from broker.settings import SigninSettings
from broker.signin.rules import Networks, is_inside, parse_networks


class EnrolPlaces(msgspec.Struct, frozen=True):
    networks: Networks
    origins: frozenset[Origin]


def read_enrol_places(settings: SigninSettings) -> EnrolPlaces:
    """Raises :class:`broker.errors.ConfigurationError` for a network that is none."""
    return EnrolPlaces(parse_networks(settings.enrol_networks), frozenset(settings.enrol_origins))


def may_enrol_from(arrival: Arrival, places: EnrolPlaces) -> bool:
    """Both have to fit. Private addresses are the same ones everywhere: who comes in elsewhere may bear one of the
    office's, and only the entrance knows where that is."""
    return arrival.place.origin in places.origins and is_inside(arrival.address, places.networks)
