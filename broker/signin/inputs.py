"""What a person typed, bounded and judged before anything else sees it. Pure."""

import hashlib
import re
import unicodedata
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from broker.model.ids import TenantId
from broker.model.reasons import SigninRefusal
from broker.model.text import clean_text, is_unseen
from broker.secret import Secret, hash_token

MAX_LOGIN: Final = 128
MAX_PASSWORD: Final = 1024
MAX_CODE: Final = 64
MAX_COOKIE: Final = 128
MAX_ADDRESS: Final = 64
MAX_USER_AGENT: Final = 256

_SIX_DIGITS: Final = re.compile(r"[0-9]{6}")
_SEPARATORS: Final = re.compile(r"[\s\-‐‑‒–—―−ーｰ]+")
"""Spaces, and whatever an input method makes of the hyphen key."""


def refuse_login(login: str) -> SigninRefusal | None:
    """Why a login can't be one. Letters of any script pass; the directory's metacharacters are escaped later."""
    if not login.strip() or len(login) > MAX_LOGIN or _has_forbidden(login):
        return SigninRefusal.LOGIN_MALFORMED
    return None


def refuse_password(password: Secret) -> SigninRefusal | None:
    """An empty password never reaches a directory: its bind would be anonymous and succeed (RFC 4513, 5.1.2)."""
    typed = password.reveal()
    if not typed:
        return SigninRefusal.EMPTY_PASSWORD
    # Not normalised and not stripped; but no keyboard makes these, and NUL ends strings elsewhere.
    if len(typed) > MAX_PASSWORD or any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in typed):
        return SigninRefusal.WRONG_PASSWORD
    return None


def clean_login(login: str) -> str:
    """The login as it may be stored and shown: itself, or a fingerprint when it is malformed."""
    if refuse_login(login) is None:
        return login
    return f"malformed-{_fingerprint(login)}"


def normalise_code(code: str) -> str:
    """A code without separators, in ASCII and capitals (NFKC), so that １２３ ４５６ works; empty when over-long."""
    if len(code) > MAX_CODE:
        return ""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", code)).upper()


def read_totp_code(typed: str) -> str | None:
    """Six digits in ASCII, or None when it has not the form of an app's code."""
    plain = normalise_code(typed)
    return plain if _SIX_DIGITS.fullmatch(plain) else None


def hash_cookie(token: Secret) -> bytes | None:
    """The stored form of a cookie that came in; None for what can't be one of ours."""
    text = token.reveal()
    return hash_token(token) if text and text.isascii() and len(text) <= MAX_COOKIE else None


def account_name(tenant_id: TenantId, login: str) -> str:
    """An account as it is counted. Folded further than case: a directory may match ｙａｍａｄａ as yamada."""
    folded = "".join(unicodedata.normalize("NFKC", clean_login(login)).casefold().split())
    return f"{tenant_id}:{folded if 0 < len(folded) <= MAX_LOGIN else _fingerprint(folded)}"


def neighbourhood(address: str) -> str:
    """The network around an address that one party may well have to itself: a /24 of IPv4, a /48 of IPv6."""
    try:
        found = ip_address(address_group(address).partition("/")[0])
    except ValueError:
        return address_group(address)
    return str(ip_network((found, 24 if found.version == 4 else 48), strict=False))


def address_group(address: str) -> str:
    """The address as it counts: of IPv6 its /64, which one host has to itself (RFC 4291, section 2.5.4)."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return clean_text(address, MAX_ADDRESS)
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))
    return str(found)


def _has_forbidden(text: str) -> bool:
    return any(is_unseen(sign) for sign in text)


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
