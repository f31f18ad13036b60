"""What the threat model says is shown by a test: that test is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/threat-model.md").read_text("utf-8")


def named_tests() -> list[str]:
    """Every ``tests/…`` that the page names; ``::test_…`` alone belongs to the file that was named before it."""
    named: list[str] = []
    file = ""
    for quoted in re.findall(r"`((?:tests/|::test_|test_[a-z_]+\.py)[^`]*)`", PAGE):
        path, _, function = quoted.partition("::")
        if path:
            file = path if "/" in path else f"{Path(file).parent}/{path}"
        named.append(f"{file}::{function}" if function else file)
    return named


def test_the_page_names_its_tests() -> None:
    assert len(named_tests()) > 30


@pytest.mark.parametrize("named", sorted(set(named_tests())))
def test_a_named_test_exists(named: str) -> None:
    path, _, function = named.partition("::")
    assert (ROOT / path).exists()
    if function:
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        assert function in {
            node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
