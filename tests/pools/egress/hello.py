"""ClientHellos: real ones, made by OpenSSL, and made-up ones that no honest client sends."""

import ssl


def client_hello(name: str | None) -> bytes:
    """The first flight of a TLS client that asks for ``name``."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    outgoing = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake without a server")


def in_records(hello: bytes, size: int) -> bytes:
    """The same handshake message, cut into records of ``size`` bytes."""
    message = hello[5:]
    parts = [message[at : at + size] for at in range(0, len(message), size)]
    return b"".join(b"\x16\x03\x01" + len(part).to_bytes(2) + part for part in parts)


def server_names(*names: bytes) -> tuple[int, bytes]:
    """The server_name extension (RFC 6066 section 3)."""
    entries = b"".join(b"\x00" + len(name).to_bytes(2) + name for name in names)
    return 0, len(entries).to_bytes(2) + entries


def made_hello(extensions: list[tuple[int, bytes]]) -> bytes:
    """A ClientHello with these extensions, in one record."""
    listed = b"".join(kind.to_bytes(2) + len(data).to_bytes(2) + data for kind, data in extensions)
    body = b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x02\x13\x01" + b"\x01\x00" + len(listed).to_bytes(2) + listed
    message = b"\x01" + len(body).to_bytes(3) + body
    return b"\x16\x03\x01" + len(message).to_bytes(2) + message
