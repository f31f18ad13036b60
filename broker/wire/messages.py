"""Messages of the wire. The peer dials the broker, says who it is, and both then send at will.

Each frame is one message, tagged by ``type``. Unknown fields are ignored, so that a newer peer of the same
version may add some; an unknown ``type`` ends the connection.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from broker.model.grants import Grants
from broker.model.ids import AgentId, AttachmentId, DesktopId, GatewayId, SessionId, TenantId, ZoneId
from broker.model.kinds import DesktopProtocol
from broker.model.reasons import EndReason

WIRE_VERSION: Final = 1
MAX_FRAME_BYTES: Final = 1 << 20
GATEWAY_PATH: Final = "/wire/gateway"
AGENT_PATH: Final = "/wire/agent"
HEARTBEAT_S: Final = 5.0


class GuacdSeat(msgspec.Struct, frozen=True, kw_only=True):
    """A live connection of one guacd, which a further user may join. Its id opens the desktop, so it never prints.

    ``restrictions`` names what that guacd was told to switch off: who is granted something else begins anew.
    """

    address: str
    connection_id: str
    restrictions: str

    def __repr__(self) -> str:
        return f"GuacdSeat(address={self.address!r})"


class ConnectionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a gateway needs to run one session alone.

    ``parameters`` are guacd's arguments by name (``hostname``, ``port``, ``password``, …). ``guacd_group``
    names a group of addresses in the gateway's own settings. ``seat`` is where the session's last attachment was.
    """

    session_id: SessionId
    attachment_id: AttachmentId
    tenant_id: TenantId
    zone_id: ZoneId
    guacd_group: str
    protocol: DesktopProtocol
    parameters: dict[str, str]
    grants: Grants
    max_unsupervised_s: int
    seat: GuacdSeat | None = None

    def __repr__(self) -> str:
        return f"ConnectionSpec(session_id={self.session_id!r}, protocol={self.protocol!r}, <parameters>)"


class EventKind(StrEnum):
    """What a gateway tells of an attachment.

    ``drawn``: the first frame was acknowledged by the browser. ``parked``: the line is down, and the gateway keeps
    the desktop's connection. ``watermark_not_acknowledged``: the browser
    showed that it did not take the watermark. ``clipboard``: a text crossed, or was refused, by its length and digest.
    """

    ATTACHED = "attached"
    DRAWN = "drawn"
    INPUT_REFUSED = "input_refused"
    WATERMARK_NOT_ACKNOWLEDGED = "watermark_not_acknowledged"
    CLIPBOARD = "clipboard"
    PARKED = "parked"
    DETACHED = "detached"


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    pass


# gateway → broker


class GatewayHello(_Message, frozen=True, kw_only=True, tag="gateway_hello"):
    """First message. ``epoch`` names the numbering of events (a new spool starts a new epoch); ``live`` are
    the attachments that this gateway holds right now."""

    version: int
    gateway_id: GatewayId
    zones: list[ZoneId]
    epoch: str
    live: list[AttachmentId]


class Redeem(_Message, frozen=True, kw_only=True, tag="redeem"):
    request: int
    ticket: str
    tunnel_cookie: str
    address: str

    def __repr__(self) -> str:
        return f"Redeem(request={self.request})"


class GatewayEvent(_Message, frozen=True, kw_only=True, tag="event"):
    """A numbered fact, kept on disk by the gateway until it is acknowledged. Numbers start at 1. ``attached`` comes
    with the ``seat``."""

    number: int
    kind: EventKind
    session_id: SessionId
    attachment_id: AttachmentId
    at: datetime
    reason: EndReason | None = None
    bytes_to_browser: int = 0
    bytes_from_browser: int = 0
    detail: dict[str, str] = {}
    seat: GuacdSeat | None = None


class GatewayHeartbeat(_Message, frozen=True, kw_only=True, tag="gateway_heartbeat"):
    live: list[AttachmentId]


# broker → gateway


class Welcome(_Message, frozen=True, kw_only=True, tag="welcome"):
    """``last_event`` is the highest number of the peer's epoch that the books already hold."""

    version: int
    last_event: int


class Redeemed(_Message, frozen=True, kw_only=True, tag="redeemed"):
    request: int
    spec: ConnectionSpec


class RedeemRefused(_Message, frozen=True, kw_only=True, tag="redeem_refused"):
    request: int
    code: str


class EventAck(_Message, frozen=True, kw_only=True, tag="event_ack"):
    """All events up to ``number`` are in the books."""

    number: int


class Terminate(_Message, frozen=True, kw_only=True, tag="terminate"):
    attachment_id: AttachmentId
    reason: EndReason


class BrokerHeartbeat(_Message, frozen=True, kw_only=True, tag="broker_heartbeat"):
    """Proves that a broker could still revoke a session."""


# agent → broker


class AgentHello(_Message, frozen=True, kw_only=True, tag="agent_hello"):
    version: int
    agent_id: AgentId
    zones: list[ZoneId]
    capacity: int


class DesktopSeen(msgspec.Struct, frozen=True, kw_only=True):
    desktop_id: DesktopId
    is_running: bool


class AgentAnswer(_Message, frozen=True, kw_only=True, tag="agent_answer"):
    """Answer to one order. ``ok`` false carries a ``fault`` in plain words for the IT desk."""

    request: int
    ok: bool
    fault: str | None = None
    endpoint_host: str | None = None
    endpoint_port: int = 0
    desktops: list[DesktopSeen] = []


class BrowserVisit(msgspec.Struct, frozen=True, kw_only=True):
    """What a virtual browser did at one destination in some seconds. ``refusal``: why it was not let out."""

    desktop_id: DesktopId
    at: datetime
    host: str
    port: int
    refusal: str | None
    count: int
    bytes_out: int
    bytes_in: int


class BrowserVisits(_Message, frozen=True, kw_only=True, tag="browser_visits"):
    """For the audit, as far as the line holds: the agent's log has them all."""

    visits: list[BrowserVisit]


class AgentHeartbeat(_Message, frozen=True, kw_only=True, tag="agent_heartbeat"):
    running: int


# broker → agent


class BrowserRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a virtual browser may reach, as the pool's settings have it. An empty ``homepage``: the list itself."""

    allowed_destinations: tuple[str, ...]
    homepage: str


class StartDesktop(_Message, frozen=True, kw_only=True, tag="start_desktop"):
    """Start a desktop, or answer with the endpoint of the one that already runs under this id.

    ``home_key`` names the folder that survives (a persistent desktop); ``None`` means a fresh one. ``browser``
    makes it a virtual browser.
    """

    request: int
    desktop_id: DesktopId
    name: str
    zone_id: ZoneId
    zone_label: str
    home_key: str | None
    password: str
    browser: BrowserRules | None = None

    def __repr__(self) -> str:
        return f"StartDesktop(request={self.request}, desktop_id={self.desktop_id!r})"


class StopDesktop(_Message, frozen=True, kw_only=True, tag="stop_desktop"):
    """End a desktop; stopping one that does not run is fine. ``wipe`` also removes its fresh home."""

    request: int
    desktop_id: DesktopId
    wipe: bool


class SetDestinations(_Message, frozen=True, kw_only=True, tag="set_destinations"):
    """From now on a running virtual browser may reach these; what is open to others ends."""

    request: int
    desktop_id: DesktopId
    allowed_destinations: tuple[str, ...]


class ListDesktops(_Message, frozen=True, kw_only=True, tag="list_desktops"):
    request: int


FromGateway = GatewayHello | Redeem | GatewayEvent | GatewayHeartbeat
ToGateway = Welcome | Redeemed | RedeemRefused | EventAck | Terminate | BrokerHeartbeat
FromAgent = AgentHello | AgentAnswer | AgentHeartbeat | BrowserVisits
ToAgent = Welcome | StartDesktop | StopDesktop | SetDestinations | ListDesktops | BrokerHeartbeat
