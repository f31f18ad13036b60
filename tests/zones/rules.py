"""The packet filters of the site: made by `sekisho flows`, loaded into each host's namespace."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import msgspec

from broker.flow import ruleset_of
from broker.settings import load_settings
from tests.zones import namespaces


class Rulesets(msgspec.Struct, frozen=True):
    """One ruleset for each host that has one; clients have none."""

    by_host: Mapping[str, str]

    def load(self, host: str) -> None:
        namespaces.load_rules(host, self.by_host[host])

    def load_all(self) -> None:
        for host in self.by_host:
            self.load(host)


def generate(settings_file: Path) -> Rulesets:
    """What the product makes of the site's settings."""
    settings = load_settings(settings_file)
    today = date.today()  # noqa: DTZ011 -- any day: no flow of this site ends
    return Rulesets({host.id: ruleset_of(settings, host.id, today) for host in settings.hosts})
