"""What guacd is told to switch off, from the grants. The filters hold the same lines a second time.

guacd keeps restrictions per user: they are part of *every* ``connect``, also of a join.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from broker.model.grants import Grants
from broker.model.kinds import DesktopProtocol

VITAL_ARGUMENTS: Final = frozenset(
    {
        "hostname",
        "port",
        "username",
        "password",
        "domain",
        "security",
        "cert-fingerprints",
        "gateway-hostname",
        "disable-server-input",
    }
)
"""Arguments without which the connection would be another one, or a less guarded one: when the broker sets one
and guacd does not announce it, the session is refused. Other unannounced arguments are absent capabilities."""


def restrict(protocol: DesktopProtocol, grants: Grants) -> Mapping[str, str]:
    """guacd's arguments that say what is off, by name; they win over whatever the broker has set.

    Each of them either has a counterpart in the gateway's filters (clipboard, sound, files, input), or
    switches off a feature that a guacd which does not announce it does not have.
    """
    shared = {
        "disable-copy": _truth(not grants.clipboard_out),
        "disable-paste": _truth(not grants.clipboard_in),
        "read-only": _truth(grants.read_only),
        "enable-sftp": "false",
        "sftp-disable-download": "true",
        "sftp-disable-upload": "true",
        "recording-path": "",
        "recording-include-keys": "false",
        "create-recording-path": "false",
        "wol-send-packet": "false",
    }
    match protocol:
        case DesktopProtocol.VNC:
            return shared | {
                "enable-audio": _truth(grants.audio_out),
                "reverse-connect": "false",
            }
        case DesktopProtocol.RDP:
            return shared | _restrict_rdp(grants)


def name_restrictions(protocol: DesktopProtocol, grants: Grants) -> str:
    """The same for the same restrictions: a digest (SHA-256, 32 hexadecimal digits)."""
    told = "\n".join(f"{name}={value}" for name, value in sorted(restrict(protocol, grants).items()))
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _restrict_rdp(grants: Grants) -> dict[str, str]:
    return {
        "disable-audio": _truth(not grants.audio_out),
        "console-audio": "false",
        "enable-audio-input": _truth(grants.microphone),
        "enable-printing": _truth(grants.print_out),
        "enable-drive": _truth(grants.file_in or grants.file_out),
        "disable-download": _truth(not grants.file_out),
        "disable-upload": _truth(not grants.file_in),
        "static-channels": "",
    }


def _truth(value: bool) -> str:
    return "true" if value else "false"
