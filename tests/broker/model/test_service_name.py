"""A certificate's URI names one service, or nobody."""

import pytest

from broker.model.service_name import ServiceKind, ServiceName, read_service_name


def test_a_name_is_read_as_it_is_written() -> None:
    name = ServiceName(ServiceKind.ENTRANCE, "closed_sim")
    assert name.as_uri() == "urn:sekisho:entrance:closed_sim"
    assert read_service_name(["https://example.jp/", name.as_uri()]) == name


@pytest.mark.parametrize(
    "uris",
    [
        [],
        ["urn:other:entrance:office"],
        ["urn:sekisho:entrance:"],
        ["urn:sekisho:entrance:Office"],
        ["urn:sekisho:entrance:office\n"],
        ["urn:sekisho:entrance:office:more"],
        ["urn:sekisho:printer:office"],
        ["urn:sekisho:entrance:office", "urn:sekisho:entrance:internet"],
        ["urn:sekisho:entrance:office", "urn:sekisho:gateway:office"],
    ],
)
def test_anything_else_is_nobody(uris: list[str]) -> None:
    assert read_service_name(uris) is None
