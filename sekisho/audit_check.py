"""Verification of a site's audit, beside its running broker."""

from broker.audit import CheckpointKey, VerifyReport, verify
from broker.settings import SiteSettings
from broker.store import open_store
from sekisho.site import database_url


async def verify_site(settings: SiteSettings) -> VerifyReport:
    """Check every chain of the database against the site's anchor file. Reads only."""
    key = CheckpointKey.load(settings.path(settings.audit.checkpoint_key_file))
    store = await open_store(database_url(settings), is_read_only=True)
    try:
        return await verify(
            store, keys=[key.verifying_key], anchor_paths=[settings.path(settings.audit.checkpoint_file)]
        )
    finally:
        await store.close()
