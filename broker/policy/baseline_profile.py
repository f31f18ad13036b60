"""A baseline profile from its text. Pure: whoever calls has read the file."""

import tomllib
from importlib import resources
from typing import Final

import msgspec

from broker.errors import ConfigurationError
from broker.model.rules import Baseline
from broker.policy.checking import refusals_of_baseline

SHIPPED: Final = "2025"
"""The profile that holds where the settings name none."""


def parse_baseline(text: str, where: str) -> Baseline:
    """Raises :class:`ConfigurationError` with ``where``, the path inside and the reason."""
    try:
        baseline = msgspec.convert(tomllib.loads(text), Baseline)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{where}: {error}") from error
    if refusals := refusals_of_baseline(baseline):
        raise ConfigurationError(f"{where}: {refusals[0].path}: {refusals[0].why}")
    return baseline


def shipped_baseline(version: str = SHIPPED) -> Baseline:
    """A profile of this package. Raises :class:`ConfigurationError` when there is none of this version."""
    folder = resources.files("broker.policy") / "baselines"
    known = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    if version not in known:
        raise ConfigurationError(f"there is no baseline {version!r}; there are: {', '.join(known)}")
    return parse_baseline((folder / f"{version}.toml").read_text("utf-8"), f"baseline {version}")
