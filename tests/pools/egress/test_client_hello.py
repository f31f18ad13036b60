"""The name in a TLS handshake, by handshakes of OpenSSL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.egress.client_hello import MAX_HELLO_BYTES, HelloName, Incomplete, NotTls, read_hello
from tests.pools.egress.hello import client_hello, in_records, made_hello, server_names

HELLO = client_hello("www.example.jp")


def test_the_name_is_found() -> None:
    assert read_hello(HELLO) == HelloName("www.example.jp")


def test_a_handshake_without_a_name_has_none() -> None:
    assert read_hello(client_hello(None)) == HelloName(None)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_it_may_come_in_many_records(size: int) -> None:
    assert read_hello(in_records(HELLO, size)) == HelloName("www.example.jp")


@pytest.mark.parametrize("at", [0, 1, 4, 5, 6, 9, 43, 100])
def test_a_part_of_it_is_incomplete(at: int) -> None:
    assert read_hello(HELLO[:at]) == Incomplete()


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"SSH-2.0-x\r\n",
        b"\x16\x02\x00\x00\x05hello",
        b"\x16\x03\x01\x00\x00",
        b"\x17\x03\x03\x00\x05hello",
        b"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00",
        b"\x80\x2e\x01\x03\x01",
    ],
)
def test_anything_else_is_no_tls(data: bytes) -> None:
    assert read_hello(data) == NotTls()


def test_a_handshake_without_an_end_is_given_up() -> None:
    endless = b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + bytes(MAX_HELLO_BYTES)
    assert read_hello(endless) == NotTls()


@pytest.mark.parametrize(
    "extensions",
    [
        [server_names(b"a.jp", b"b.jp")],
        [server_names(b"a.jp"), server_names(b"b.jp")],
        [server_names(b"")],
        [server_names()],
        [server_names(b"a\xffb")],
        [(0, b"\x00\x09\x00\x00\x04a.jp")],
        [(0, b"\x00\x07\x01\x00\x04a.jp")],
        [(0, b"\x00\x07\x00\x00\x04a.jpx")],
    ],
)
def test_what_names_no_single_host_is_no_handshake(extensions: list[tuple[int, bytes]]) -> None:
    assert read_hello(made_hello([server_names(b"a.jp")])) == HelloName("a.jp")
    assert read_hello(made_hello(extensions)) == NotTls()


@given(st.integers(5, len(HELLO) - 1), st.integers(0, 255))
def test_a_changed_byte_never_breaks_the_reader(at: int, value: int) -> None:
    changed = HELLO[:at] + bytes([value]) + HELLO[at + 1 :]
    assert isinstance(read_hello(changed), HelloName | Incomplete | NotTls)
