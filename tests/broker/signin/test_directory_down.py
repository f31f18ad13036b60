"""A directory that failed with the password in its hands may have counted it, and so do we."""

import pytest

from broker.ports import DirectoryUnavailable
from broker.secret import Secret
from broker.signin.records import DirectoryDown, Throttled
from broker.store import SqlStore
from tests.broker.signin.city import City, open_city


class LosesItsAnswers:
    """Implements :class:`broker.ports.Authenticator`."""

    def __init__(self) -> None:
        self.asked = 0

    async def verify(self, login: str, password: Secret, *, is_known: bool = False) -> DirectoryUnavailable:
        del login, password
        self.asked += 1
        return DirectoryUnavailable("no answer within 8 s", is_password_sent=True)


@pytest.fixture
def directory() -> LosesItsAnswers:
    return LosesItsAnswers()


@pytest.fixture
async def city(sqlite_store: SqlStore, directory: LosesItsAnswers) -> City:
    await open_city(sqlite_store)
    return City(sqlite_store, directory)


async def test_guessing_at_a_directory_that_loses_its_answers_ends_at_our_own_limit(
    city: City, directory: LosesItsAnswers
) -> None:
    for _ in range(city.settings.free_failures + 1):
        assert await city.password(password="a guess") == DirectoryDown()
    assert isinstance(await city.password(password="a guess"), Throttled)
    assert directory.asked == city.settings.free_failures + 1
