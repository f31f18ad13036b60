"""What becomes of a desktop when its provider could not do what was asked. Pure."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from broker.lifecycle.desktop import DESKTOP_STEPS, DesktopEvent, DesktopState
from broker.lifecycle.step import may_step, step
from broker.model.records import Desktop
from broker.pool.rules import MAX_FAILURES, retry_after_s
from broker.ports import ProviderFailure

_MAX_FAULT_CHARS: Final = 500


def after_failure(desktop: Desktop, failure: ProviderFailure, now: datetime) -> Desktop:
    """The desktop with the failure counted: it tries again later, or is faulty.

    A start that failed leaves nothing behind (absent); a clean-up that failed stays as dirty as it was. A
    failure that is not transient waits for the IT desk, without a time.
    """
    failures = desktop.failures + 1
    retry_at = now + timedelta(seconds=retry_after_s(failures)) if failure.is_transient else None
    counted = msgspec.structs.replace(
        desktop, failures=failures, fault=failure.fault[:_MAX_FAULT_CHARS], state_until=retry_at
    )
    if failures >= MAX_FAILURES or not failure.is_transient:
        if not may_step(DESKTOP_STEPS, desktop.state, DesktopEvent.FAILED):
            return msgspec.structs.replace(counted, state_until=now + timedelta(seconds=retry_after_s(failures)))
        return _moved(counted, DesktopEvent.FAILED, now)
    if desktop.state is DesktopState.STARTING:
        return _moved(counted, DesktopEvent.LOST, now)
    return counted


def after_loss(desktop: Desktop, now: datetime) -> Desktop:
    """The desktop after its provider lost it. One that is lost again and again is faulty."""
    failures = desktop.failures + 1
    lost = msgspec.structs.replace(desktop, failures=failures, fault="the provider no longer runs it")
    if failures >= MAX_FAILURES:
        retry_at = now + timedelta(seconds=retry_after_s(failures))
        return _moved(msgspec.structs.replace(lost, state_until=retry_at), DesktopEvent.FAILED, now)
    return _moved(msgspec.structs.replace(lost, state_until=None), DesktopEvent.LOST, now)


def _moved(desktop: Desktop, event: DesktopEvent, now: datetime) -> Desktop:
    state = step(DESKTOP_STEPS, desktop.state, event)
    return msgspec.structs.replace(desktop, state=state, state_since=now)
