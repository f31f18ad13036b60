"""What is searched for: a canary in every encoding in which a browser could have kept it."""

import base64
from collections.abc import Mapping
from typing import Final

ALIGNMENTS: Final = 3


def encode_all(canary: str) -> dict[str, bytes]:
    """The canary's needles by the name of the encoding. Base64 at each of its three alignments, without the
    characters that the neighbours change."""
    raw = canary.encode()
    needles = {
        "utf-8": raw,
        "utf-16-le": canary.encode("utf-16-le"),
        "utf-16-be": canary.encode("utf-16-be"),
        "hex": raw.hex().encode(),
        "hex-upper": raw.hex().upper().encode(),
        "percent": "".join(f"%{byte:02X}" for byte in raw).encode(),
    }
    for shift in range(ALIGNMENTS):
        needles[f"base64-{shift}"] = _base64_core(raw, shift)
        needles[f"base64-{shift}-of-utf-16"] = _base64_core(canary.encode("utf-16-le"), shift)
    return needles


def _base64_core(raw: bytes, shift: int) -> bytes:
    """The characters that depend on ``raw`` alone when ``shift`` bytes stand before it."""
    text = base64.b64encode(b"\0" * shift + raw)
    first = -(-shift * 8 // 6)
    last = (shift + len(raw)) * 8 // 6
    return text[first:last]


def find_in(data: bytes, needles: Mapping[str, Mapping[str, bytes]]) -> list[tuple[str, str]]:
    """(place, encoding) of every needle in ``data``."""
    return [
        (place, encoding)
        for place, encodings in needles.items()
        for encoding, needle in encodings.items()
        if needle in data
    ]
