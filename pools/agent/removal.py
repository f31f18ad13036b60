"""Removing what a desktop could write: by programs that follow no link and take any depth."""

import asyncio
from pathlib import Path

from broker.errors import ProviderFault


async def remove_tree(path: Path) -> None:
    """Remove a file or a folder with all its content; a missing one is fine. Raises :class:`ProviderFault`.

    ``chmod`` first opens the folders that a desktop closed to itself; neither it nor ``rm`` leaves the tree.
    """
    await _run("chmod", "-R", "--", "u+rwX", str(path))
    if await _run("rm", "-rf", "--one-file-system", "--", str(path)) != 0:
        raise ProviderFault(f"{path} could not be removed")


async def _run(*arguments: str) -> int:
    nowhere = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*arguments, stdin=nowhere, stdout=nowhere, stderr=nowhere)
    return await process.wait()
