"""The RDP host's own configuration and accounts: written into a private folder, never into the host's /etc."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from broker.errors import ConfigurationError
from broker.secret import Secret
from sekisho.demo.certificates import ServerCertificate
from sekisho.private_files import write_private

TEMPLATES: Final = Path(__file__).parent / "rdp"
_HOST_CONFIGURATION: Final = Path("/etc/xrdp")
_FIRST_UID: Final = 61170
_PAM: Final = """\
auth required pam_unix.so
account required pam_unix.so
session required pam_permit.so
password required pam_deny.so
"""


def write_configuration(
    folder: Path, certificate: ServerCertificate, *, colour: str, disconnected_limit_s: int
) -> None:
    """Fill ``folder`` (it becomes /etc/xrdp) from our templates, and the keyboard tables that xrdp itself brings."""
    folder.mkdir(exist_ok=True, mode=0o700)
    values = {
        "@PORT@": "unix://./run/rdp/rdp.sock", "@COLOUR@": colour, "@LIMIT@": str(disconnected_limit_s),
        "@KILL@": "true" if disconnected_limit_s else "false",
    }  # fmt: skip
    for name in ("xrdp.ini", "sesman.ini", "startwm.sh", "host.sh", "reap.sh"):
        text = (TEMPLATES / name).read_text("utf-8")
        for mark, value in values.items():
            text = text.replace(mark, value)
        write_private(folder / name, text)
        (folder / name).chmod(0o755 if name.endswith(".sh") else 0o644)
    for source in (*_HOST_CONFIGURATION.glob("km-*.ini"), _HOST_CONFIGURATION / "xrdp_keyboard.ini"):
        shutil.copyfile(source, folder / source.name)
    shutil.copyfile(certificate.certificate_file, folder / "cert.pem")
    write_private(folder / "key.pem", certificate.key_file.read_text("ascii"))
    _make_rsa_keys(folder / "rsakeys.ini")
    folder.chmod(0o755)


def write_accounts(folder: Path, accounts: Mapping[str, Secret]) -> None:
    """passwd, group, shadow and PAM for the sandbox alone: root, who can't sign in, and the demo's accounts.

    Raises :class:`ConfigurationError` when openssl, which hashes the passwords, is missing.
    """
    folder.mkdir(exist_ok=True, mode=0o700)
    passwd, group = ["root:x:0:0:root:/:/usr/sbin/nologin"], ["root:x:0:"]
    shadow = ["root:!:20000::::::"]
    for number, (name, password) in enumerate(accounts.items(), start=_FIRST_UID):
        passwd.append(f"{name}:x:{number}:{number}:{name}:/home/{name}:/bin/bash")
        group.append(f"{name}:x:{number}:")
        shadow.append(f"{name}:{_hash(password)}:20000::::::")
    for file, lines in (("passwd", passwd), ("group", group), ("shadow", shadow)):
        write_private(folder / file, "\n".join(lines) + "\n")
    write_private(folder / "pam", _PAM)
    write_private(folder / "nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
    write_private(folder / "hosts", "127.0.0.1 localhost\n")
    for file in ("passwd", "group", "pam", "nsswitch.conf", "hosts"):
        (folder / file).chmod(0o644)


def _make_rsa_keys(path: Path) -> None:
    """xrdp does not start without keys of RDP's own encryption, although we allow TLS alone."""
    if not path.is_file():
        subprocess.run(["xrdp-keygen", "xrdp", str(path)], check=True, capture_output=True, timeout=30)
        path.chmod(0o600)


def _hash(password: Secret) -> str:
    """SHA-512 crypt (crypt(5)), over a pipe."""
    try:
        made = subprocess.run(
            ["openssl", "passwd", "-6", "-stdin"],
            input=password.reveal().encode() + b"\n", check=True, capture_output=True, timeout=10,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise ConfigurationError("openssl is missing (Debian package: openssl)") from error
    return made.stdout.decode().strip()
