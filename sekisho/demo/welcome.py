"""What the demo says once it is ready."""

from pathlib import Path
from typing import Final

from sekisho.demo.city import demo_accounts, second_of_desk
from sekisho.demo.secrets import DemoSecrets

_WHO: Final = (
    ("一般職員（すべてのプールを利用可）", "staff with all pools"),
    ("一般職員（住民情報系は利用不可）", "staff without the resident network"),
    ("情報政策課（管理コンソール）", "IT desk, with the console"),
    ("監査担当者（監査ログの閲覧）", "auditor"),
    ("情報政策課の二人目（例外などの承認）", "a second of the IT desk, who approves exceptions"),
)


def welcome(url: str, secrets: DemoSecrets, data_dir: Path, took_s: float) -> str:
    """The ready message: address, accounts, the way in, the way out."""
    lines = [
        "",
        f"準備ができました（{took_s:.0f} 秒） / ready after {took_s:.0f} s",
        "",
        f"    {url}",
        "",
        "デモのアカウント / demo accounts",
    ]
    for person, (japanese, english) in zip((*demo_accounts(), second_of_desk()), _WHO, strict=True):
        password = secrets.people[person.uid].reveal()
        lines.append(f"    {person.uid:<22} {password:<16} {person.display_name}  {japanese} / {english}")
    lines += [
        "",
        "初回のログインで認証アプリを登録します（QRコード、または文字のキー）。",
        "The first sign-in enrols an authenticator app (QR code or text key).",
        "スマートフォンがないとき / without a phone:  .venv/bin/sekisho code キー",
        f"記録 / logs: {data_dir / 'log'}",
        "停止 / stop: Ctrl-C     確認 / check it: make smoke",
    ]
    return "\n".join(lines)
