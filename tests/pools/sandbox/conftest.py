"""One compiled locale for all tests of the sandbox."""

from pathlib import Path

import pytest

from pools.sandbox import compile_locale


@pytest.fixture(scope="session")
def locale_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_locale(tmp_path_factory.mktemp("locale"))
