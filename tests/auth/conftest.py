"""Real directories for the tests that need them."""

from collections.abc import Iterator

import pytest

from tests.parts.samba import DomainController, run_samba
from tests.parts.slapd import Slapd, run_slapd


@pytest.fixture(scope="session")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with run_slapd(tmp_path_factory.mktemp("slapd")) as running:
        yield running


@pytest.fixture(scope="session")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DomainController]:
    with run_samba(tmp_path_factory.mktemp("samba")) as running:
        yield running
