"""The ways in (入口) of a site: what each vouches for about the people who come through it."""

import msgspec

from broker.model.kinds import DeviceKind, Origin, Segment
from broker.model.place import Place


class _Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class SourceRanges(_Settings, frozen=True, kw_only=True):
    """Addresses behind an entrance, and where they differ from what the entrance says of everybody."""

    ranges: list[str]
    """Networks (CIDR, without host bits)."""
    origin: Origin | None = None
    segment: Segment | None = None


class EntranceRules(_Settings, frozen=True, kw_only=True):
    """One way in. Its proxy shows a certificate for ``urn:sekisho:entrance:<id>``: that alone names it."""

    id: str
    origin: Origin
    """Where people who come through it come from (接続元区分)."""
    segment: Segment = Segment.UNKNOWN
    device: DeviceKind = DeviceKind.NONE
    """The kind of device that the entrance vouches for, because nothing else can reach it."""
    sources: list[SourceRanges] = []
    """Where addresses come from. When there are any, an address in none of them is refused."""
    public_url: str
    """``https://name`` that people type. Its host is the only one that is served, its origin the only one that forms
    are taken from."""
    tunnel_url: str
    """``wss://name/tunnel``, on the host of ``public_url``."""
    certificate_required: bool = False
    """Whether a device has to show a certificate. Whether that is a good one is decided at the sign-in."""

    @property
    def place(self) -> Place:
        return Place(origin=self.origin, segment=self.segment, device=self.device)
