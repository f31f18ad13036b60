"""The list of permitted flows on the command line: for a terminal, for the network section, for a program."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from sekisho.cli import main
from sekisho.flows.records import Finding, FindingKind, Report
from tests.broker.flow.site import document


@pytest.fixture
def raw() -> dict[str, Any]:
    return document()


def run(folder: Path, raw: dict[str, Any], *words: str) -> Result:
    for further in raw["further_flows"]:
        further.pop("ends_on", None)
    file = folder / "site.toml"
    file.write_bytes(msgspec.toml.encode(raw))
    return CliRunner().invoke(main, ["--config", str(file), "flows", *words])


def test_the_table_is_in_japanese_or_english(tmp_path: Path, raw: dict[str, Any]) -> None:
    lines = run(tmp_path, raw, "list").output.splitlines()
    assert lines[0].split()[:3] == ["番号", "発信元", "発信元アドレス"]
    assert "職員の端末（closed_sim）" in lines[1]
    english = run(tmp_path, document(), "list", "--language", "en", "--host", "gw-sim").output.splitlines()
    assert english[0].startswith("no  from")
    assert len(english) == 1 + 5


def test_the_file_for_the_network_section_opens_in_a_spreadsheet_and_runs_nothing(
    tmp_path: Path, raw: dict[str, Any]
) -> None:
    raw["further_flows"][0]["reason"] = '=HYPERLINK("http://evil","見る")'
    answer = run(tmp_path, raw, "list", "--format", "csv").stdout_bytes
    assert answer.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(io.StringIO(answer.decode("utf-8-sig")))
    assert head[:9] == [
        "番号",
        "発信元",
        "発信元アドレス",
        "宛先",
        "宛先アドレス",
        "プロトコル",
        "宛先ポート",
        "向き",
        "目的",
    ]
    assert rows[0][7] == "職員の端末（closed_sim） → dmz"
    assert rows[-1][8] == '\'=HYPERLINK("http://evil","見る")'
    assert [row[0] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    pcs = next(row for row in rows if row[3] == "登録済みデスクトップ（hinode/office-pcs）")
    assert pcs[4] == "10.3.7.20 10.3.7.21"


def test_a_program_gets_every_field(tmp_path: Path, raw: dict[str, Any]) -> None:
    flows = json.loads(run(tmp_path, raw, "list", "--format", "json").output)
    guacd = next(flow for flow in flows if flow["id"] == "gateway-guacd/gw-lan/guacd-r/tcp-4822")
    assert (guacd["source"]["host_id"], guacd["target"]["addresses"], guacd["port"]) == ("gw-lan", ["10.4.0.5"], 4822)
    assert guacd["settings"] == ["wire.gateways.gw-lan.zones", "hosts.guacd-r.roles"]
    assert guacd["why_ja"]
    assert guacd["why_en"]


def test_a_site_without_hosts_is_told_what_to_write(tmp_path: Path, raw: dict[str, Any]) -> None:
    raw |= {"hosts": [], "client_networks": [], "further_flows": []}
    for words in (("list",), ("nft", "--host", "db")):
        answer = run(tmp_path, raw, *words)
        assert answer.exit_code == 1
        assert "$.hosts: the settings name no hosts; write [[hosts]] and [[client_networks]] first" in answer.output


@pytest.mark.parametrize("words", [("list", "--host", "mars"), ("nft", "--host", "mars")])
def test_an_unknown_host_is_named_with_those_that_there_are(
    tmp_path: Path, raw: dict[str, Any], words: tuple[str, ...]
) -> None:
    answer = run(tmp_path, raw, *words)
    assert answer.exit_code == 1
    assert "$.hosts: there is no host 'mars'; known: sim-proxy, lan-proxy" in answer.output


def test_refused_settings_give_no_list_and_no_filter(tmp_path: Path, raw: dict[str, Any]) -> None:
    raw["hosts"][0]["addresses"] = ["10.3.0.20"]
    for words in (("list",), ("nft", "--host", "db"), ("check", "--host", "db")):
        answer = run(tmp_path, msgspec.json.decode(msgspec.json.encode(raw)), *words)
        assert answer.exit_code == (2 if words[0] == "check" else 1)
        assert "$.hosts.broker-1.addresses: 10.3.0.20 is an address of sim-proxy too" in answer.output


def test_a_program_gets_the_whole_report(tmp_path: Path, raw: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    finding = Finding(kind=FindingKind.REACHABLE, subject="10.3.0.20:22", what="open", remedy="shut it")
    report = Report(
        host="db",
        seed=7,
        flows=1,
        flows_open=1,
        not_probed=(),
        unlisted=1,
        unlisted_answers={"open": 1},
        findings=(finding,),
    )

    async def check(*_asked: object, **options: object) -> Report:
        assert options == {"count": 100, "seed": 7, "timeout_s": 2.0}
        return report

    monkeypatch.setattr("sekisho.flows.check.check_host", check)
    answer = run(tmp_path, raw, "check", "--host", "db", "--seed", "7", "--format", "json")
    assert answer.exit_code == 1
    assert msgspec.json.decode(answer.output, type=Report) == report


def test_the_filter_of_a_host_is_printed_as_it_is_loaded(tmp_path: Path, raw: dict[str, Any]) -> None:
    answer = run(tmp_path, raw, "nft", "--host", "guacd-r")
    assert answer.output.startswith("#!/usr/sbin/nft -f\n")
    assert (
        'ip saddr 10.4.0.5 ip daddr 10.4.1.1 tcp dport 5901 ct state new accept comment "guacd-desktop/'
        in answer.output
    )
