"""The wires: every host on a line of its own to a router in the middle, so that whatever two hosts say passes it."""

import contextlib
from collections.abc import Iterator
from typing import Final

from tests.zones import namespaces
from tests.zones.map import BY_ID, HOSTS, ROUTER

_ROUTER_ADDRESS: Final = "169.254.1.1"
_ALL: Final = tuple(host.id for host in HOSTS)
_JOINED: Final = tuple(host for host in HOSTS if host.id != ROUTER)


@contextlib.contextmanager
def running_network() -> Iterator[None]:
    """All namespaces, joined and without any rules; nothing is left of them afterwards."""
    try:
        namespaces.make(_ALL)
        _join()
        yield
    finally:
        namespaces.remove(_ALL)


def open_everything() -> None:
    """No rules anywhere."""
    for host in _ALL:
        namespaces.load_rules(host, "")


def router_link(host_id: str) -> str:
    """The router's end of a host's line."""
    return f"r{[host.id for host in _JOINED].index(host_id)}"


def _join() -> None:
    router = [f"link add r{number} type veth peer name eth0 netns {namespaces.name_of(host.id)}"
              for number, host in enumerate(_JOINED)]  # fmt: skip
    for number, host in enumerate(_JOINED):
        router += [
            f"addr add {_ROUTER_ADDRESS}/32 dev r{number}",
            f"link set r{number} up",
            f"route add {host.address}/32 dev r{number}",
        ]
    router.append(f"addr add {BY_ID[ROUTER].address}/32 dev lo")
    namespaces.configure(ROUTER, *router)
    for host in _JOINED:
        namespaces.configure(
            host.id,
            f"addr add {host.address}/32 dev eth0",
            "link set eth0 up",
            f"route add {_ROUTER_ADDRESS}/32 dev eth0 src {host.address}",
            f"route add default via {_ROUTER_ADDRESS} dev eth0 src {host.address}",
        )
    namespaces.set_kernel(ROUTER, "net.ipv4.ip_forward", "1")
    for number in range(len(_JOINED)):
        namespaces.set_kernel(ROUTER, f"net.ipv4.conf.r{number}.rp_filter", "1")
