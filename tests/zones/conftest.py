"""One site for all proofs of a test run, under the rules that the product makes for each host."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.separation.ledger import Ledger
from tests.zones.city import City, running_city
from tests.zones.people import People
from tests.zones.rules import Rulesets, generate


@pytest.fixture(scope="session")
def city() -> Iterator[City]:
    """Every service in the namespace of its host."""
    with tempfile.TemporaryDirectory(prefix="zones") as folder, running_city(Path(folder)) as started:
        yield started
        if shots := os.environ.get("SEKISHO_SHOTS"):
            shutil.copytree(started.folder / "log", Path(shots) / "zones", dirs_exist_ok=True)


@pytest.fixture(scope="session")
def generated(city: City) -> Rulesets:
    """What `sekisho flows` makes of the site's settings, for each host."""
    return generate(city.settings)


@pytest.fixture(scope="session")
def guarded(generated: Rulesets) -> Rulesets:
    """The generated rules, in force on every host."""
    generated.load_all()
    return generated


@pytest.fixture
def rules(guarded: Rulesets) -> Iterator[Rulesets]:
    """The same for a test that changes them; afterwards they are as they were."""
    yield guarded
    guarded.load_all()


@pytest.fixture(scope="session")
def people(city: City, guarded: Rulesets) -> People:
    """Staff, who come in under the rules like everybody."""
    return People(city)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger.of_environment()
