"""How many sockets and files this process may hold."""

import resource
from typing import Final

WANTED: Final = 65536


def raise_descriptor_limit(wanted: int = WANTED) -> int:
    """Raise the soft limit to the hard one (getrlimit(2)), at most to ``wanted``; returns what holds from now on.

    A process of its own does this for itself: programs that it starts and that use select(2) must not inherit it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    top = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= top:
        return wanted if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (top, hard))
    return top
