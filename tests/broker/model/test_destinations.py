"""What a virtual browser may reach: how it is written, and what it covers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.model.destinations import (
    Destination,
    DestinationRefused,
    Scheme,
    find_destination,
    is_address,
    normal_host,
    parse_destination,
)

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True).filter(lambda text: not text.isdigit())
NAMES = st.lists(LABELS, min_size=2, max_size=5).map(".".join).filter(lambda name: normal_host(name) is not None)


def destination(text: str) -> Destination:
    parsed = parse_destination(text)
    assert isinstance(parsed, Destination), parsed
    return parsed


def allows(listed: str, scheme: Scheme, host: str, port: int) -> bool:
    return find_destination((destination(listed),), scheme, host, port) is not None


@pytest.mark.parametrize(
    "listed, host",
    [
        ("www.example.lg.jp", "www.example.lg.jp"),
        ("WWW.Example.LG.JP.", "www.example.lg.jp"),
        ("https://www.example.lg.jp/", "www.example.lg.jp"),
        ("*.example.lg.jp", "a.example.lg.jp"),
        ("*.example.lg.jp", "a.b.example.lg.jp"),
        ("例え.jp", "xn--r8jz45g.jp"),
        ("www。example。jp", "www.example.jp"),
        ("192.0.2.10", "192.0.2.10"),
        ("[2001:DB8:0::1]", "[2001:db8::1]"),
        ("*.city.yonago.tottori.jp", "www.city.yonago.tottori.jp"),
        ("*.pref.tottori.jp", "www.pref.tottori.jp"),
    ],
)
def test_an_entry_covers_what_it_names(listed: str, host: str) -> None:
    assert allows(listed, Scheme.HTTPS, host, 443)


@pytest.mark.parametrize(
    "listed, host",
    [
        ("www.example.lg.jp", "example.lg.jp"),
        ("www.example.lg.jp", "a.www.example.lg.jp"),
        ("www.example.lg.jp", "www.example.lg.jp.evil.example"),
        ("*.example.lg.jp", "example.lg.jp"),
        ("*.example.lg.jp", "evilexample.lg.jp"),
        ("*.example.lg.jp", "a.example.lg.jp.evil.example"),
        ("192.0.2.10", "192.0.2.1"),
    ],
)
def test_it_covers_nothing_beside_it(listed: str, host: str) -> None:
    assert not allows(listed, Scheme.HTTPS, host, 443)


def test_scheme_and_port_are_part_of_an_entry() -> None:
    assert allows("a.example.jp", Scheme.HTTP, "a.example.jp", 80)
    assert not allows("a.example.jp", Scheme.HTTP, "a.example.jp", 443)
    assert not allows("https://a.example.jp", Scheme.HTTP, "a.example.jp", 80)
    assert allows("https://a.example.jp:8443", Scheme.HTTPS, "a.example.jp", 8443)
    assert not allows("https://a.example.jp:8443", Scheme.HTTPS, "a.example.jp", 443)


@pytest.mark.parametrize(
    "text, why",
    [
        ("*", "wildcard"),
        ("*.jp", "everybody"),
        ("*.co.jp", "everybody"),
        ("*.lg.jp", "everybody"),
        ("*.go.jp", "everybody"),
        ("*.tokyo.jp", "everybody"),
        ("*.chiyoda.tokyo.jp", "everybody"),
        ("*.co.uk", "everybody"),
        ("*.com.", "everybody"),
        ("*.GitHub.io", "everybody"),
        ("*.s3.ap-northeast-1.amazonaws.com", "everybody"),
        ("a.*.jp", "wildcard"),
        ("*a.example.jp", "wildcard"),
        ("**.example.jp", "wildcard"),
        ("ftp://a.example.jp", "http or https"),
        ("javascript://a.example.jp", "http or https"),
        ("https://a.example.jp/secret", "path"),
        ("https://user@a.example.jp", "account"),
        ("a.example.jp?x", "query"),
        ("a.example.jp:0", "port"),
        ("a.example.jp:65536", "port"),
        ("a.example.jp:", "port"),
        ("2001:db8::1", "brackets"),
        ("[2001:db8::1", "brackets"),
        ("*.192.0.2.1", "address"),
        ("localhost", "domain"),
        ("127.1", "no host"),
        ("0x7f.0.0.1", "no host"),
        ("2130706433", "no host"),
        ("a..example.jp", "no host"),
        ("-a.example.jp", "no host"),
        ("a example.jp", "spaces"),
        ("a.example.jp\n", ""),
        ("", "must be"),
        ("x" * 64 + ".jp", "no host"),
        ("a.jp" * 200, "must be"),
    ],
)
def test_what_means_too_much_or_nothing_is_refused(text: str, why: str) -> None:
    parsed = parse_destination(text)
    if text.endswith("\n"):
        assert isinstance(parsed, Destination)  # a line end of the file is no part of the entry
        return
    assert isinstance(parsed, DestinationRefused)
    assert why in parsed.why


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "a..b", "[::1", "::1", "[fe80::1%25eth0]", "[127.0.0.1]", "0x7f000001", "017700000001", "127.1",
        "127.0.0.01", "1.2.3.4.", "１２７.0.0.1", "a b", "a/b", "a\tb", "例え.jp", "a.b:80", "a%00b", "a." * 130,
    ],
)  # fmt: skip
def test_no_request_has_such_a_host(text: str) -> None:
    assert normal_host(text) is None


@given(NAMES)
def test_case_and_a_last_dot_change_nothing(name: str) -> None:
    assert normal_host(name) == normal_host(name.upper()) == normal_host(f"{name}.") == name


@given(NAMES, NAMES, st.sampled_from(Scheme), st.integers(1, 65535))
def test_an_exact_entry_covers_its_own_name_alone(listed: str, asked: str, scheme: Scheme, port: int) -> None:
    entry = destination(f"{scheme}://{listed}:{port}")
    assert entry.covers(scheme, asked, port) == (listed == asked)


@given(NAMES, st.text(alphabet="abz09-.*%@:/\\[] \x00\n\u3002\uff0e", max_size=20))
def test_nothing_put_before_a_name_gets_past_a_wildcard(name: str, prefix: str) -> None:
    """What a wildcard covers ends with a dot and its own name, and is a plain name itself."""
    entry = Destination(host=name, is_below=True, schemes=tuple(Scheme), port=None)
    host = normal_host(f"{prefix}{name}")
    if host is not None and entry.covers(Scheme.HTTPS, host, 443):
        assert host.endswith(f".{name}")
        assert not is_address(host)
        assert all(character.isalnum() or character in "-._" for character in host)


@given(st.text(max_size=40))
def test_every_text_is_an_entry_or_has_a_reason(text: str) -> None:
    parsed = parse_destination(text)
    assert isinstance(parsed, Destination) or parsed.why
    if isinstance(parsed, Destination):
        assert normal_host(parsed.host) == parsed.host
