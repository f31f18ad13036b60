import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from tests.broker.link.fakes import Wire


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose name leaves room for a socket's path."""
    with tempfile.TemporaryDirectory(prefix="wire") as name:
        yield Path(name)


@pytest.fixture
async def wire(folder: Path) -> AsyncGenerator[Wire]:
    async with Wire(folder).listening() as listening:
        yield listening
