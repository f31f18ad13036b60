"""The bench's figures become a verdict: ratios within a round, and each against what is asked for."""

from bench.relay.measures import Figures
from bench.relay.verdict import REQUIRED, medians, ratios, table


def _figures(**by_relay: list[float]) -> Figures:
    return Figures(by_relay={name.replace("_", "-"): values for name, values in by_relay.items()})


def test_a_ratio_is_taken_within_a_round_so_that_a_disturbed_round_disturbs_both_sides() -> None:
    figures = _figures(sekisho=[10.0, 100.0, 12.0], guacamole_lite=[50.0, 500.0, 48.0], nginx=[5.0, 50.0, 6.0])
    assert ratios(figures) == {"vs_guacamole_lite": 0.2, "vs_nginx": 2.0}
    assert medians(figures) == {"sekisho": 12.0, "guacamole-lite": 50.0, "nginx": 6.0}


def test_the_table_says_of_every_figure_whether_it_is_met() -> None:
    result: dict[str, object] = {}
    for path, (required, aim) in REQUIRED.items():
        head, _, tail = path.partition(".")
        value = {"office": aim, "video": required}.get(head, required * (0.9 if aim > required else 1.1))
        if tail:
            result.setdefault(head, {})[tail] = value  # type: ignore[index] # a dictionary by the line itself
        else:
            result[head] = value
    lines = {line.split()[0]: line for line in table(result)}
    assert lines.keys() - {"figure"} == REQUIRED.keys()
    assert lines["office.vs_nginx"].endswith("aim reached")
    assert lines["video.vs_nginx"].endswith(" met")
    assert lines["flood.vs_nginx"].endswith("MISSED")
    assert lines["idle_kb"].endswith("MISSED")
