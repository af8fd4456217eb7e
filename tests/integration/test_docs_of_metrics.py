"""docs/metrics.md, alerts.yml and grafana.json name only metrics that exist, and say what to do."""

import json
import re

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from bot.cli.subcommands import SUBCOMMANDS
from bot.operation.metrics import METRICS, Timing
from bot.operation.ticks import INTERVAL
from bot.settings import VARIABLES
from tests.integration.docs_pages import DOCS, alerts, expressions, rows

_NAME = re.compile(r"\b(?:paperwire|process)_[a-z_]+\b")
_SERIES = ("_bucket", "_sum", "_count")


def known() -> dict[str, set[str]]:
    """The names of all series, each with its labels."""
    declared = {one.name: set(one.labels) for one in METRICS}
    series = {one.name + end: {*one.labels, "le"} for one in METRICS if isinstance(one, Timing) for end in _SERIES}
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    process = set(re.findall(r"^(process_\w+)", generate_latest(registry).decode(), re.MULTILINE))
    return declared | series | {name: set() for name in process}


def test_every_metric_has_its_row_and_no_row_is_of_another() -> None:
    page = [
        (row["metric"], row["kind"], row["labels"])
        for row in rows("metrics.md", "metric", "kind", "labels", "what it says")
    ]
    declared = [
        (f"`{one.name}`", type(one).__name__.lower(), ", ".join(f"`{label}`" for label in one.labels))
        for one in METRICS
    ]
    assert page == declared


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_an_expression_names_metrics_and_labels_that_there_are(expression: str) -> None:
    names, labels = set(_NAME.findall(expression)), known()
    assert names or expression.startswith("up{")
    assert names <= labels.keys()
    used = set(re.findall(r"(\w+)=\"", expression)) - {"job"}
    grouped = re.findall(r"by \(([^)]*)\)", expression)
    used |= {label.strip() for group in grouped for label in group.split(",")}
    assert used <= set().union(*(labels[name] for name in names))


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_what_is_wrong_and_what_to_do(name: str) -> None:
    text = alerts()[name]
    for part in ("expr", "labels", "annotations", "summary", "action"):
        assert re.search(rf"^ +{part}: ?.*\S|^ +{part}:$", text, re.MULTILINE), part
    assert re.search(r"severity: (critical|warning)\b", text)
    subcommands = {one.name for one in SUBCOMMANDS}
    assert set(re.findall(r"`paperwire (\w+)", text)) <= subcommands
    assert set(re.findall(r"PAPERWIRE_\w+", text)) <= VARIABLES.keys()


def test_every_metric_is_watched_by_an_alert_or_a_panel() -> None:
    watched = set(_NAME.findall(" ".join(expressions())))
    series = {name: {name, *(name + end for end in _SERIES)} for name in (one.name for one in METRICS)}
    assert [name for name, names in series.items() if not names & watched] == []


def as_grafana_reads(text: str) -> object:
    """What Grafana's own model of a dashboard, of its panels and of the queries of Prometheus keeps of a text."""
    register_default_plugins()
    return json.loads(JSONEncoder().encode(Dashboard.from_json(json.loads(text))))


def missing(given: object, kept: object, path: str = "") -> list[str]:
    """The places of given values that were not kept unchanged. Further kept values are defaults."""
    match given, kept:
        case dict(), dict():
            return [one for key, value in given.items() for one in missing(value, kept.get(key), f"{path}/{key}")]
        case list(), list() if len(given) == len(kept):
            pairs = enumerate(zip(given, kept, strict=True))
            return [one for place, (value, other) in pairs for one in missing(value, other, f"{path}/{place}")]
        case _:
            return [] if given == kept else [path]


def test_grafana_knows_every_field_of_the_dashboard() -> None:
    text = (DOCS / "grafana.json").read_text(encoding="utf-8")
    assert missing(json.loads(text), as_grafana_reads(text)) == []


@pytest.mark.parametrize(
    ("right", "wrong", "place"),
    [
        ('"gridPos"', '"gridPosition"', "/panels/1/gridPosition"),
        ('"expr"', '"expression"', "/panels/1/targets/0/expression"),
        ('"reduceOptions"', '"reduce"', "/panels/1/options/reduce"),
        ('"steps"', '"levels"', "/panels/1/fieldConfig/defaults/thresholds/levels"),
    ],
)
def test_a_field_that_grafana_does_not_know_is_seen(right: str, wrong: str, place: str) -> None:
    text = (DOCS / "grafana.json").read_text(encoding="utf-8").replace(right, wrong)
    assert place in missing(json.loads(text), as_grafana_reads(text))


def test_the_panels_stand_beside_and_below_each_other() -> None:
    board = json.loads((DOCS / "grafana.json").read_text(encoding="utf-8"))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_the_page_says_how_often_the_heartbeat_comes() -> None:
    assert INTERVAL == 300
    assert "every five minutes" in " ".join((DOCS / "metrics.md").read_text(encoding="utf-8").split())
