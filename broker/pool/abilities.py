"""What each provider can do, as plain facts for the rules."""

from collections.abc import Mapping

from broker.model.records import Pool
from broker.pool.rules import Ability
from broker.ports import DesktopProvider, LogsOff, MakesCredentials


def ability_of(providers: Mapping[str, DesktopProvider], pool: Pool) -> Ability:
    """A provider that is not there can do nothing."""
    provider = providers.get(pool.provider)
    return Ability(makes=isinstance(provider, MakesCredentials), logs_off=isinstance(provider, LogsOff))
