"""A real directory for the tests that need one."""

from collections.abc import Iterator

import pytest

from tests.parts.slapd import Slapd, run_slapd


@pytest.fixture(scope="session")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with run_slapd(tmp_path_factory.mktemp("slapd")) as running:
        yield running
