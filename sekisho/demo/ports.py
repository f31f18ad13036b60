"""Ports of the demo: two that people see, the rest whatever is free on the loopback."""

import contextlib
import errno
import socket
from typing import Final

from broker.errors import ConfigurationError

_LOOPBACK: Final = "127.0.0.1"


def require_different(portal: int, gateway: int) -> None:
    """Raises :class:`ConfigurationError` when both would listen on the same port."""
    if portal == gateway:
        raise ConfigurationError(
            f"the portal and the gateway can't share port {portal}: make run PORT={portal} GATEWAY_PORT={portal + 1}"
        )


def require_free(port: int, what: str, option: str) -> None:
    """Raises :class:`ConfigurationError` with the next step when ``port`` can't be listened on."""
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OverflowError as error:
            raise ConfigurationError(f"{option}={port} is not a port: take one from 1024 to 65535") from error
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"can't be used ({error.strerror})"
            raise ConfigurationError(
                f"port {port} for {what} {why} (perhaps another demo): "
                f"end that program or choose another: make run {option}={port + 100}"
            ) from error


def take_free(count: int) -> list[int]:
    """Different loopback ports that nobody listens on at this moment."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(contextlib.closing(socket.socket())) for _ in range(count)]
        for probe in probes:
            probe.bind((_LOOPBACK, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
