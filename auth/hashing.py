"""Passwords of local accounts: Argon2id (RFC 9106), in a few threads of its own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import argon2
from argon2.exceptions import Argon2Error, InvalidHashError

from broker.account_settings import PasswordHashSettings
from broker.secret import Secret, new_token

_WAITING_PER_THREAD: Final = 16


class Argon2Hasher:
    """A :class:`broker.ports.PasswordHasher`. Each thread needs ``memory_kib`` while it works, so they are few."""

    def __init__(self, settings: PasswordHashSettings) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=settings.time_cost, memory_cost=settings.memory_kib, parallelism=settings.lanes
        )
        self._threads = ThreadPoolExecutor(settings.max_threads, thread_name_prefix="argon2")
        self._places = asyncio.BoundedSemaphore(settings.max_threads * (1 + _WAITING_PER_THREAD))
        # Nobody knows its password: what an unknown name is compared with.
        self._nobody = self._argon2.hash(new_token().reveal())

    async def hash(self, password: Secret) -> str:
        async with self._places:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._argon2.hash, _encode(password))

    async def verify(self, password_hash: str, password: Secret) -> bool | None:
        if self._places.locked():
            return None
        async with self._places:
            compared = password_hash or self._nobody
            is_right = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._verify, compared, _encode(password)
            )
            return is_right and bool(password_hash)

    def is_outdated(self, password_hash: str) -> bool:
        return self._argon2.check_needs_rehash(password_hash)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, password_hash: str, password: bytes) -> bool:
        try:
            return self._argon2.verify(password_hash, password)
        except (Argon2Error, InvalidHashError):
            return False


def _encode(password: Secret) -> bytes:
    """Every text that was let in as a password has a form in UTF-8; it is not normalised."""
    return password.reveal().encode("utf-8", "surrogatepass")
