"""A municipality whose directory hangs: the sign-in of its neighbour, in the same broker, does not feel it."""

import asyncio
import threading
import time
from pathlib import Path

import pytest

from auth.directories import TenantDirectories
from auth.ldap import LdapAuthenticator
from broker.directory_settings import LdapSettings
from broker.model.directory_health import ServerState
from broker.model.kinds import SameLogin
from broker.ports import DirectoryUnavailable, PasswordAccepted
from tests.auth.authenticator_conformance import secret_of
from tests.auth.relay import relay_to
from tests.auth.test_hostile_directory import (
    Behaviour,
    drip,
    hang_up,
    hostile,
    promise_tls_and_say_nothing,
    say_nothing,
)
from tests.parts.slapd import Slapd, make_other_ca

pytestmark = pytest.mark.real

CROWD = 60
THREADS = 4
WITHIN_S = 1.0
"""A sign-in with a directory that is well takes some milliseconds; this machine does other things besides."""


def open_tenant(slapd: Slapd, ca_file: Path | None = None, **changes: object) -> TenantDirectories:
    quick: dict[str, object] = {"connect_timeout_s": 0.5, "operation_timeout_s": 1.0, "max_threads": THREADS}
    settings: LdapSettings = slapd.settings(**(quick | changes))
    part = LdapAuthenticator(settings, slapd.service_password, ca_file or slapd.ca_file)
    return TenantDirectories([part], [settings.login_forms], SameLogin.REFUSE)


async def time_neighbour(well: TenantDirectories) -> list[float]:
    took_s: list[float] = []
    for _ in range(10):
        began_s = time.monotonic()
        assert isinstance(await well.verify("yamada", secret_of("yamada")), PasswordAccepted)
        took_s.append(time.monotonic() - began_s)
    return took_s


@pytest.mark.parametrize("behaviour", [say_nothing, promise_tls_and_say_nothing, drip, hang_up])
async def test_a_crowd_at_a_directory_that_hangs_costs_the_neighbour_nothing(
    slapd: Slapd, behaviour: Behaviour
) -> None:
    async with hostile(behaviour) as black_hole:
        hung = open_tenant(slapd, url=f"ldap://127.0.0.1:{black_hole.port}")
        well = open_tenant(slapd)
        threads_before = threading.active_count()
        crowd = [asyncio.create_task(hung.verify("yamada", secret_of("yamada"))) for _ in range(CROWD)]
        await asyncio.sleep(0)
        took_s = await time_neighbour(well)
        # Two directories, each with its own few threads, however many people wait.
        assert threading.active_count() - threads_before <= 2 * THREADS
        assert max(took_s) < WITHIN_S
        assert all(isinstance(outcome, DirectoryUnavailable) for outcome in await asyncio.gather(*crowd))
        assert hung.health()[0].state is ServerState.FAILING
        assert well.health()[0].state is ServerState.UP
        hung.close()
        well.close()
    print(f"{behaviour.__name__}: neighbour's slowest of 10: {max(took_s) * 1000:.0f} ms")  # noqa: T201  -s shows it


async def test_a_slow_directory_and_one_with_another_ca_cost_the_neighbour_nothing(
    slapd: Slapd, tmp_path: Path
) -> None:
    async with relay_to("127.0.0.1", slapd.tls_port) as relay:
        relay.delay_s = 0.2
        slow = open_tenant(slapd, url=f"ldaps://localhost:{relay.port}", operation_timeout_s=4.0)
        other = open_tenant(slapd, make_other_ca(tmp_path))
        well = open_tenant(slapd)
        asked = [asyncio.create_task(each.verify("kamiya", secret_of("kamiya"))) for each in (slow, other) * 8]
        await asyncio.sleep(0)
        assert max(await time_neighbour(well)) < WITHIN_S
        outcomes = await asyncio.gather(*asked)
        told = [each.detail for each in outcomes[1::2] if isinstance(each, DirectoryUnavailable)]
        assert len(told) == 8
        assert all("certificate verify failed" in detail for detail in told)
        assert any(isinstance(each, PasswordAccepted) for each in outcomes[::2])
        for tenant in (slow, other, well):
            tenant.close()


@pytest.mark.parametrize("behaviour", [say_nothing, promise_tls_and_say_nothing, drip, hang_up])
async def test_failover_is_within_two_seconds_and_afterwards_free(slapd: Slapd, behaviour: Behaviour) -> None:
    async with hostile(behaviour) as silent:
        alive = f"ldap://localhost:{slapd.port}"
        # The timeouts of the settings' own defaults.
        tenant = open_tenant(
            slapd, url=f"ldap://127.0.0.1:{silent.port}", further_urls=[alive], connect_timeout_s=3.0,
            operation_timeout_s=5.0,
        )  # fmt: skip
        began_s = time.monotonic()
        assert isinstance(await tenant.verify("yamada", secret_of("yamada")), PasswordAccepted)
        first_s = time.monotonic() - began_s
        assert first_s < 2.0
        assert max(await time_neighbour(tenant)) < WITHIN_S
        assert [server.state for server in tenant.health()] == [ServerState.FAILING, ServerState.UP]
        tenant.close()
    print(f"{behaviour.__name__}: failover {first_s * 1000:.0f} ms")  # noqa: T201  -s shows it
