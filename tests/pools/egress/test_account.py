"""The account of a proxy: sums, and bounds that no desktop can break."""

from pools.egress.account import MAX_LINES, OTHERS, Account
from pools.egress.model import Refusal, Report


def test_what_is_alike_is_one_line() -> None:
    account = Account()
    for _ in range(3):
        account.add(Report(host="a.jp", port=443, bytes_in=5, bytes_out=2))
    account.add(Report(host="a.jp", port=443, refusal=Refusal.NAME_MISMATCH))
    allowed, refused = account.take()
    assert (allowed.count, allowed.bytes_in, allowed.bytes_out) == (3, 15, 6)
    assert (refused.count, refused.refusal) == (1, Refusal.NAME_MISMATCH)
    assert account.take() == []


def test_ten_thousand_hosts_are_a_hundred_lines_and_a_rest() -> None:
    account = Account()
    for number in range(10_000):
        account.add(Report(host=f"h{number}.jp", port=443, refusal=Refusal.NOT_LISTED))
    lines = account.take()
    assert len(lines) == MAX_LINES + 1
    assert lines[-1].host == OTHERS
    assert sum(line.count for line in lines) == 10_000
