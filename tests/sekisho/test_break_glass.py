"""Break-glass on the broker's host, with neither a broker nor a directory."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomli_w
from click.testing import CliRunner
from pyotp.totp import TOTP

from auth.hashing import Argon2Hasher
from auth.local import LocalAccounts
from auth.local_first import LocalFirst
from auth.totp import TotpFactor
from auth.webauthn import WebAuthn
from broker.account_settings import PasswordHashSettings
from broker.model.ids import TenantId
from broker.model.records import Tenant
from broker.secret import SealingKey
from broker.settings import SiteSettings
from broker.signin.passkey_desk import Passkeys
from broker.signin.records import SignedIn
from broker.signin.service import SigninService
from broker.store import migrate, open_store
from sekisho.cli import main
from sekisho.site import database_url, prepare_data_dir
from tests.broker.signin.city import City
from tests.fakes.authenticator import FakeAuthenticator
from tests.sekisho.test_key_commands import without_empty
from tests.sekisho.test_site import site

CHEAP = PasswordHashSettings(time_cost=1, memory_kib=8192, lanes=1)


@pytest.fixture
async def settings(tmp_path: Path) -> SiteSettings:
    """A site that has run before; now nothing does."""
    made = msgspec.structs.replace(site(tmp_path), password_hash=CHEAP)
    prepare_data_dir(made)
    await migrate(database_url(made))
    store = await open_store(database_url(made))
    async with store.write() as tx:
        for each in made.tenants:
            hostnames = frozenset(each.hostnames)
            tenant = Tenant(id=TenantId(each.id), name_ja=each.name_ja, name_en=each.name_en, hostnames=hostnames)
            await tx.people.put_tenant(tenant)
    await store.close()
    (tmp_path / "site.toml").write_text(tomli_w.dumps(without_empty(msgspec.to_builtins(made))))
    return made


def run(tmp_path: Path, *words: str, typed: str = "", as_json: bool = False) -> Any:
    options = ["--config", str(tmp_path / "site.toml"), *(["--json"] if as_json else [])]
    return CliRunner().invoke(main, [*options, "break-glass", *words], input=typed)


def test_it_shows_password_key_and_qr_code_and_checks_the_app(settings: SiteSettings, tmp_path: Path) -> None:
    wrong = run(tmp_path, "--reason", "障害", typed="000000\n000000\n000000\n")
    assert wrong.exit_code == 1
    assert "run the command again" in wrong.output
    shown = run(tmp_path, "--reason", "障害", "--hours", "2", typed="\n")
    assert shown.exit_code == 0, shown.output
    assert re.search(r"password  ([a-z0-9]{5}-){3}[a-z0-9]{5}  \(not shown again\)", shown.output)
    assert re.search(r"key       ([A-Z2-7]{4} ){7}[A-Z2-7]{4}", shown.output)
    assert "█" in shown.output or "▄" in shown.output
    assert settings.tenants[0].id


async def test_with_what_it_showed_somebody_signs_in_and_the_audit_tells(
    settings: SiteSettings, tmp_path: Path
) -> None:
    shown = await asyncio.to_thread(run, tmp_path, "--reason", "庁内ADの停止", as_json=True)
    told = json.loads(shown.output)
    ends = datetime.fromisoformat(told["expires_at"])
    assert timedelta(hours=7, minutes=59) < ends - datetime.now(UTC) <= timedelta(hours=8)
    store, hasher = await open_store(database_url(settings)), Argon2Hasher(CHEAP)
    tenant = TenantId(settings.tenants[0].id)
    silent = FakeAuthenticator()
    silent.is_down = True
    sealing = SealingKey.load(settings.path(settings.sealing_key_file))
    city = City(store, silent, sealing)
    door = LocalFirst(LocalAccounts(store, hasher, tenant), silent)
    city.signin = SigninService(store, {tenant: door}, TotpFactor(), sealing, city.settings, Passkeys(WebAuthn(), {}))
    host = settings.tenants[0].hostnames[0]
    asked = await city.password(told["login"], told["emergency_password"], hostname=host)
    code = TOTP(told["text_key"].replace(" ", "")).at(await city.now())
    outcome = await city.code(asked.pending, code)  # type: ignore[union-attr]  # the code step always follows
    assert isinstance(outcome, SignedIn)
    await store.close()
    hasher.close()


def test_what_can_not_be_is_said(settings: SiteSettings, tmp_path: Path) -> None:
    for words in (["--hours", "100"], ["--login", "a b"], ["--tenant", "elsewhere"]):
        refused = run(tmp_path, "--reason", "障害", *words)
        assert refused.exit_code == 1, refused.output
        assert "Error: " in refused.output
    assert settings.tenants
