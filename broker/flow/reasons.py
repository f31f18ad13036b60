"""Why each kind of flow is needed, in plain words for the network section."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from broker.flow.records import FlowKind

WHY: Final[Mapping[FlowKind, tuple[str, str]]] = MappingProxyType(
    {
        FlowKind.CLIENT_ENTRANCE: (
            "職員の端末からポータルと画面転送の入口への接続（HTTPS）",
            "staff devices to the entrance of the portal and of display transfer (HTTPS)",
        ),
        FlowKind.CLIENT_GATEWAY: (
            "職員の端末から中継装置への画面転送（入口の中継装置を置かない拠点）",
            "staff devices to the gateway: display transfer (a site without proxies at its entrances)",
        ),
        FlowKind.ENTRANCE_BROKER: (
            "入口からブローカーへの中継（ページとAPI、相互認証TLS）",
            "the entrance hands pages and API on to the broker (mutual TLS)",
        ),
        FlowKind.ENTRANCE_GATEWAY: (
            "入口から中継装置への画面転送の中継（相互認証TLS）",
            "the entrance hands display transfer on to its gateway (mutual TLS)",
        ),
        FlowKind.GATEWAY_BROKER: (
            "中継装置からブローカーへの制御接続（接続票の確認、利用の記録）",
            "the gateway dials the broker: tickets, limits, records",
        ),
        FlowKind.GATEWAY_GUACD: (
            "中継装置から担当領域の guacd への画面転送",
            "display transfer from the gateway to guacd of a zone that it serves",
        ),
        FlowKind.GUACD_DESKTOP: (
            "guacd から同じ領域の仮想デスクトップへの画面転送",
            "display transfer from guacd to desktops of its own zone",
        ),
        FlowKind.AGENT_BROKER: (
            "エージェントからブローカーへの制御接続（デスクトップの起動と停止）",
            "the agent dials the broker: start and stop of desktops",
        ),
        FlowKind.BROKER_DIRECTORY: (
            "ブローカーからディレクトリへの職員の認証（LDAP、TLS）",
            "the broker checks staff against the directory (LDAP over TLS)",
        ),
        FlowKind.BROKER_DATABASE: (
            "ブローカーからデータベースへの接続",
            "the broker to its database",
        ),
        FlowKind.BROKER_DESKTOP: (
            "ブローカーから登録済みデスクトップへの死活確認（ログインはしない）",
            "the broker looks whether a registered desktop answers (it never signs in)",
        ),
    }
)
"""Japanese and English; further flows bring a reason of their own."""
