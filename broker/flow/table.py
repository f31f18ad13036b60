"""The list of flows as rows of a table, in the words of the network section."""

from collections.abc import Iterable
from typing import Final

import msgspec

from broker.flow.records import Flow, FlowKind, Side
from broker.flow.site import INTERNET
from broker.settings import SiteSettings


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What is written where a table is in one language. ``{}`` stands for a name."""

    is_japanese: bool
    head: tuple[str, ...]
    groups: dict[str, str]
    anywhere: str
    internet: str
    unlimited: str


JAPANESE: Final = Words(
    is_japanese=True,
    head=(
        "番号",
        "発信元",
        "発信元アドレス",
        "宛先",
        "宛先アドレス",
        "プロトコル",
        "宛先ポート",
        "向き",
        "目的",
        "期限",
        "設定箇所",
        "識別子",
    ),
    groups={
        "clients": "職員の端末（{}）",
        "desktops": "登録済みデスクトップ（{}）",
        "directory": "ディレクトリ（{}）",
    },
    anywhere="すべて",
    internet="インターネット",
    unlimited="なし",
)
ENGLISH: Final = Words(
    is_japanese=False,
    head=(
        "no",
        "from",
        "from address",
        "to",
        "to address",
        "protocol",
        "port",
        "direction",
        "why",
        "until",
        "setting",
        "id",
    ),
    groups={
        "clients": "staff devices ({})",
        "desktops": "registered desktops ({})",
        "directory": "directory ({})",
    },
    anywhere="any",
    internet="Internet",
    unlimited="-",
)


class FlowRow(msgspec.Struct, frozen=True, kw_only=True):
    """A flow as it is shown. Addresses stand apart, so that a long list of them can be shown as fits."""

    number: int
    source: str
    source_addresses: tuple[str, ...]
    target: str
    target_addresses: tuple[str, ...]
    protocol: str
    port: int
    direction: str
    why: str
    until: str
    settings: tuple[str, ...]
    id: str

    def cells(self) -> list[str]:
        """One text for each column of the head."""
        addresses = (" ".join(self.source_addresses), " ".join(self.target_addresses))
        ends = [self.source, addresses[0], self.target, addresses[1]]
        rest = [self.direction, self.why, self.until, " ".join(self.settings), self.id]
        return [str(self.number), *ends, self.protocol.upper(), str(self.port), *rest]


def flow_rows(settings: SiteSettings, flows: Iterable[Flow], words: Words) -> list[FlowRow]:
    """Rows in the order of the list."""
    zones = _zone_names(settings, words)
    return [
        FlowRow(
            number=number,
            source=_name(flow.source, words),
            source_addresses=flow.source.addresses or (words.anywhere,),
            target=_name(flow.target, words),
            target_addresses=flow.target.addresses or (words.anywhere,),
            protocol=flow.protocol.value,
            port=flow.port,
            direction=f"{_place(flow, flow.source, zones, words)} → {_place(flow, flow.target, zones, words)}",
            why=flow.why_ja if words.is_japanese else flow.why_en,
            until=flow.ends_on.isoformat() if flow.ends_on else words.unlimited,
            settings=flow.settings,
            id=flow.id,
        )
        for number, flow in enumerate(flows, start=1)
    ]


def _zone_names(settings: SiteSettings, words: Words) -> dict[str, str]:
    zones = [zone for tenant in settings.tenants for zone in tenant.zones]
    return {zone.id: zone.name_ja if words.is_japanese else zone.name_en for zone in zones}


def _name(side: Side, words: Words) -> str:
    """A host by its id; groups of machines by what they are."""
    if side.host_id is None and side.name == INTERNET:
        return words.internet
    group, _, rest = side.name.partition(":")
    return words.groups[group].format(rest) if side.host_id is None and group in words.groups else side.name


def _place(flow: Flow, side: Side, zones: dict[str, str], words: Words) -> str:
    """The network of an end; for ends outside of every zone, the end itself."""
    if flow.kind is FlowKind.CLIENT_ENTRANCE and side is flow.source:
        return _name(side, words)
    return zones.get(side.zone, side.zone) or _name(side, words)
