"""Heads of requests: one reading or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.model.destinations import Scheme
from pools.egress.request import Malformed, Request, parse_request


def head(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def request(*lines: str) -> Request:
    parsed = parse_request(head(*lines))
    assert isinstance(parsed, Request), parsed
    return parsed


def test_a_tunnel_is_for_a_host_and_a_port() -> None:
    asked = request("CONNECT Www.Example.JP.:443 HTTP/1.1", "Host: www.example.jp:443", "Proxy-Connection: keep-alive")
    assert (asked.scheme, asked.host, asked.port, asked.is_tunnel) == (Scheme.HTTPS, "www.example.jp", 443, True)


def test_a_plain_request_goes_on_in_origin_form_and_ends_its_connection() -> None:
    asked = request(
        "GET http://Example.jp:8080/a?b=c HTTP/1.1",
        "Host: example.jp:8080",
        "Proxy-Connection: keep-alive",
        "Proxy-Authorization: Basic eDp5",
        "Connection: keep-alive, X-Hop",
        "X-Hop: 1",
        "Upgrade: h2c",
        "Cookie: a=b",
    )
    assert (asked.host, asked.port, asked.is_tunnel, asked.body_bytes) == ("example.jp", 8080, False, 0)
    assert asked.forwarded == head("GET /a?b=c HTTP/1.1", "Host: example.jp:8080", "Cookie: a=b", "Connection: close")
    assert asked.target.startswith(b"GET http://example.jp:8080/a?b=c HTTP/1.1\r\n")


@pytest.mark.parametrize("url, path", [("http://a.jp", "/"), ("http://a.jp?x=1", "/?x=1"), ("http://a.jp/", "/")])
def test_a_missing_path_is_the_root(url: str, path: str) -> None:
    assert request(f"GET {url} HTTP/1.1", "Host: a.jp").forwarded.startswith(f"GET {path} HTTP/1.1\r\n".encode())


def test_the_host_that_is_sent_on_is_the_one_that_was_judged() -> None:
    forwarded = request("GET http://A.jp/ HTTP/1.1", "hOsT: a.JP").forwarded
    assert forwarded.count(b"Host:") == 1
    assert b"Host: a.jp\r\n" in forwarded


@pytest.mark.parametrize(
    "lines",
    [
        ("GET /index.html HTTP/1.1", "Host: a.jp"),
        ("GET https://a.jp/ HTTP/1.1", "Host: a.jp"),
        ("GET ftp://a.jp/ HTTP/1.1", "Host: a.jp"),
        ("GET http://a.jp/", "Host: a.jp"),
        ("GET http://a.jp/ HTTP/2.0", "Host: a.jp"),
        ("GET  http://a.jp/ HTTP/1.1", "Host: a.jp"),
        ("GET http://a.jp/ x HTTP/1.1", "Host: a.jp"),
        ("GET http://a.jp/ HTTP/1.1",),
        ("GET http://a.jp/ HTTP/1.1", "Host: b.jp"),
        ("GET http://a.jp/ HTTP/1.1", "Host: a.jp:81"),
        ("GET http://a.jp/ HTTP/1.1", "Host: a.jp", "Host: a.jp"),
        ("GET http://a.jp/ HTTP/1.1", "Host: a.jp", "host: b.jp"),
        ("GET http://a.jp/ HTTP/1.1", "Host : a.jp"),
        ("GET http://a.jp/ HTTP/1.1", "Host: a.jp", " X: folded"),
        ("GET http://a.jp/ HTTP/1.1", "Host: a.jp", "X"),
        ("GET http://a.jp/ HTTP/1.1", "Host: a.jp", "X: a\nY: b"),
        ("GET http://a.jp/ HTTP/1.1", "Host: a.jp", "X: a\rY: b"),
        ("GET http://a.jp/ HTTP/1.1", "Host: a.jp", "X: \x00"),
        ("GET http://x@a.jp/ HTTP/1.1", "Host: a.jp"),
        ("GET http://a.jp\\@b.jp/ HTTP/1.1", "Host: a.jp"),
        ("GET http://a.jp#@b.jp/ HTTP/1.1", "Host: a.jp"),
        ("GET http:///a.jp/ HTTP/1.1", "Host: a.jp"),
        ("GET http://127.1/ HTTP/1.1", "Host: 127.1"),
        ("POST http://a.jp/ HTTP/1.1", "Host: a.jp", "Transfer-Encoding: chunked"),
        ("POST http://a.jp/ HTTP/1.1", "Host: a.jp", "Content-Length: 3", "Transfer-Encoding: chunked"),
        ("POST http://a.jp/ HTTP/1.1", "Host: a.jp", "Content-Length: 3", "Transfer-Encoding: xchunked"),
        ("POST http://a.jp/ HTTP/1.1", "Host: a.jp", "Content-Length: 3", "Content-Length: 3"),
        ("POST http://a.jp/ HTTP/1.1", "Host: a.jp", "Content-Length: 3, 3"),
        ("POST http://a.jp/ HTTP/1.1", "Host: a.jp", "Content-Length: +3"),
        ("POST http://a.jp/ HTTP/1.1", "Host: a.jp", "Content-Length: 0x3"),
        ("POST http://a.jp/ HTTP/1.1", "Host: a.jp", "Content-Length: 3", "Connection: content-length"),
        ("CONNECT a.jp HTTP/1.1",),
        ("CONNECT http://a.jp:443 HTTP/1.1",),
        ("CONNECT a.jp:443/ HTTP/1.1",),
        ("CONNECT a.jp:99999 HTTP/1.1",),
        ("CONNECT a.jp:443 HTTP/1.1", "Host: b.jp:443"),
        ("CONNECT a.jp:443 HTTP/1.1", "Content-Length: 5"),
        ("CONNECT a.jp:443 HTTP/1.1", *(f"X{number}: 1" for number in range(101))),
    ],
)
def test_what_could_be_read_in_two_ways_is_not_read_at_all(lines: tuple[str, ...]) -> None:
    assert isinstance(parse_request(head(*lines)), Malformed)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    parse_request(noise + b"\r\n\r\n")


@given(st.lists(st.tuples(st.text("aXHost-", min_size=1), st.text("ab:, \t\x7fé", max_size=12)), max_size=5))
def test_no_header_becomes_two(headers: list[tuple[str, str]]) -> None:
    lines = [f"{name}: {value}" for name, value in headers]
    asked = parse_request(head("GET http://a.jp/ HTTP/1.1", "Host: a.jp", *lines))
    if isinstance(asked, Request):
        assert asked.forwarded.count(b"\r\n\r\n") == 1
        assert asked.forwarded.count(b"\r\n") <= len(lines) + 4
