import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from tests.pools.agent.stage import Stage


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose name leaves room for a socket's path."""
    with tempfile.TemporaryDirectory(prefix="agent") as name:
        yield Path(name)


@pytest.fixture
async def stage(folder: Path) -> AsyncGenerator[Stage]:
    stage = await Stage(folder).open()
    yield stage
    await stage.desktops.close()
    stage.homes.close()
