"""Network namespaces of the test's own: made, entered and removed; those that a crashed run left are swept away."""

import ctypes
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TypeVar

PREFIX: Final = "sekisho-z"
_PLACES: Final = Path("/run/netns")
_CLONE_NEWNET: Final = 0x40000000
_T = TypeVar("_T")


class NoNamespaces(RuntimeError):
    """This machine lets nobody make network namespaces, so that nothing here can be proven."""


def name_of(host: str) -> str:
    """The namespace of a host in this run; the process's number says whose it is."""
    return f"{PREFIX}-{os.getpid()}-{host}"


def make(hosts: Iterable[str]) -> None:
    """One namespace each, with its loopback up. Raises :class:`NoNamespaces`; never does a run go on without."""
    sweep()
    for host in hosts:
        name = name_of(host)
        done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NoNamespaces(
                f"`ip netns add {name}` failed: {done.stderr.strip()}. The zones are proven in network namespaces: "
                "run the tests as root with CAP_SYS_ADMIN and CAP_NET_ADMIN (in a container: --privileged)"
            )
        configure(host, "link set lo up")
        set_kernel(host, "net.ipv4.ip_unprivileged_port_start", "0")
        set_kernel(host, "net.ipv6.conf.all.disable_ipv6", "1")
        set_kernel(host, "net.ipv4.icmp_ratemask", "0")  # every datagram to a shut port is answered


def remove(hosts: Iterable[str]) -> None:
    """What still runs in them is ended."""
    for host in hosts:
        _remove(name_of(host))


def sweep() -> None:
    """Remove what runs that are no more have left."""
    if not _PLACES.is_dir():
        return
    for path in _PLACES.iterdir():
        owner = path.name.removeprefix(f"{PREFIX}-").partition("-")[0]
        if path.name.startswith(f"{PREFIX}-") and owner.isdigit() and not Path(f"/proc/{owner}").exists():
            _remove(path.name)


def configure(host: str, *lines: str) -> None:
    """Commands of ip(8) in a host's namespace."""
    _feed(["ip", "-n", name_of(host), "-batch", "-"], "\n".join(lines))


def set_kernel(host: str, name: str, value: str) -> None:
    """A sysctl(8) of a host's namespace."""
    in_namespace(host, lambda: Path("/proc/sys", *name.split(".")).write_text(value))


def load_rules(host: str, ruleset: str) -> None:
    """A ruleset of nft(8) in place of everything that was there."""
    _feed([*prefix(host), "nft", "-f", "-"], f"flush ruleset\n{ruleset}")


def prefix(host: str) -> list[str]:
    """What a command line begins with that runs on this host."""
    return ["nsenter", f"--net={_PLACES / name_of(host)}", "--"]


def in_namespace(host: str, work: Callable[[], _T]) -> _T:
    """Do ``work`` in a thread that stands in the host's namespace: its sockets, and what it starts, belong there."""
    return in_network(_PLACES / name_of(host), work)


def in_network(network: Path, work: Callable[[], _T]) -> _T:
    """The same in any network namespace, by its file (``/proc/<pid>/ns/net`` is one)."""
    results: list[_T] = []
    faults: list[BaseException] = []

    def run() -> None:
        try:
            enter(network)
            results.append(work())
        except BaseException as fault:  # noqa: BLE001 -- carried over to the thread that waits
            faults.append(fault)

    thread = threading.Thread(target=run, name=f"in {network}")
    thread.start()
    thread.join()
    if faults:
        raise faults[0]
    return results[0]


def enter(network: Path) -> None:
    """Move the calling thread, and no other, into the namespace (setns(2)). There is no way back."""
    handle = os.open(network, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(handle, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {network}")
    finally:
        os.close(handle)


def _feed(command: list[str], text: str) -> None:
    done = subprocess.run(command, input=text + "\n", capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}\n{text}")


def _remove(name: str) -> None:
    inside = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False)
    for pid in inside.stdout.split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            continue
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
