"""Where a person sits and at what: known by the entrance, never by what a client says."""

import msgspec

from broker.model.kinds import CertificateState, DeviceKind, Origin, Segment


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """``device`` and ``certificate`` are those of the device that stands behind the connection."""

    origin: Origin
    segment: Segment = Segment.UNKNOWN
    device: DeviceKind = DeviceKind.NONE
    certificate: CertificateState = CertificateState.ABSENT
