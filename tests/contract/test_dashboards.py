"""The dashboards in `deploy/grafana`: Grafana's own types read them whole, and each asks only for what a gateway gives."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client.parser import text_string_to_metric_families

from alertbus.operations.gauges import measured
from alertbus.reconcile.memory import Memory
from alertbus.reconcile.results import remember

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARDS = sorted((DEPLOY / "grafana").glob("*.json"))
RULES = DEPLOY / "prometheus" / "alertbus.rules.yml"
_NAMED = re.compile(r"(alertbus_\w+)(?:\{([^}]*)\})?")
_GROUPED = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
_WORDS = re.compile(r"\b[a-z_]{2,}\b")
_OF_THE_LANGUAGE = frozenset(
    [
        "max",
        "min",
        "sum",
        "count",
        "rate",
        "absent",
        "vector",
        "by",
        "without",
        "on",
        "ignoring",
        "and",
        "or",
        "unless",
        "inf",
        "humanize",
    ]  # what these expressions use of it
)

register_default_plugins()


def panels(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str, str]]:
    """Where each stands, the expression, and the legend's words."""
    for path in DASHBOARDS:
        for panel in panels(path):
            for target in panel["targets"]:
                yield f"{path.stem}: {panel['title']}", target["expr"], target["legendFormat"]
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            yield f"rule {rule['alert']}", rule["expr"], ""


def lost(given: Any, kept: Any, path: str = "") -> Iterator[str]:
    """What stands in the first and not, or otherwise, in the second."""
    if isinstance(given, dict):
        for name, value in given.items():
            if not isinstance(kept, dict) or name not in kept:
                yield f"{path}.{name}"
            else:
                yield from lost(value, kept[name], f"{path}.{name}")
    elif isinstance(given, list):
        if not isinstance(kept, list) or len(kept) != len(given):
            yield path
        else:
            for number, (one, other) in enumerate(zip(given, kept, strict=True)):
                yield from lost(one, other, f"{path}[{number}]")
    elif given != kept:
        yield path


def read_by_grafana(written: dict[str, Any]) -> list[str]:
    return list(lost(written, json.loads(json.dumps(Dashboard.from_json(written), cls=JSONEncoder))))


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_grafanas_own_types_read_a_dashboard_and_nothing_of_it_is_lost(path: Path) -> None:
    written = json.loads(path.read_text(encoding="utf-8"))

    assert read_by_grafana(written) == []
    written["panels"][1]["titel"] = "a slip of the pen"
    assert read_by_grafana(written) == [".panels[1].titel"], "the test shows nothing"


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_each_panel_says_what_it_shows_and_stands_on_no_other(path: Path) -> None:
    written = json.loads(path.read_text(encoding="utf-8"))
    taken: set[tuple[int, int]] = set()
    for panel in written["panels"]:
        place = panel["gridPos"]
        squares = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not squares & taken, panel["title"]
        assert max(x for x, _ in squares) < 24
        taken |= squares
    assert len({panel["id"] for panel in written["panels"]}) == len(written["panels"])
    assert written["uid"] == path.stem
    for panel in panels(path):
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in {"short", "s"}
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}


@pytest.mark.kafka
async def test_every_figure_and_label_that_a_panel_or_rule_asks_for_is_one_that_a_gateway_gives(gateway: Any) -> None:
    memory = Memory(gateway.inside.engine)  # before the first comparison its figures are left out
    await memory.prepare()
    await memory.take_turn()
    async with memory.turn() as connection:
        await remember(connection, gateway.inside.now(), 60.0, records=7, judged=3, took_s=0.5)
    shown = (await gateway.http.get("/metrics")).text
    names = {sample.name for family in text_string_to_metric_families(shown) for sample in family.samples}
    names |= set(re.findall(r"^# TYPE (\w+) ", shown, re.MULTILINE))
    labels = await labels_of(gateway)

    for where, expression, legend in expressions():
        asked = dict.fromkeys(_NAMED.findall(expression))
        grouped = {label.strip() for group in _GROUPED.findall(expression) for label in group.split(",") if label.strip()}
        of_all: set[str] = set()
        for name, matchers in asked:
            assert name in names, f"{where}: {name}"
            of_all |= labels[name.removesuffix("_total")]
            assert set(_MATCHER.findall(matchers)) <= labels[name.removesuffix("_total")], f"{where}: {matchers}"
        assert grouped <= of_all, f"{where}: {grouped}"
        assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= grouped, f"{where}: {legend}"
        rest = _GROUPED.sub("", _NAMED.sub("", expression))
        assert set(_WORDS.findall(re.sub(r"\[\w+\]|\bInf\b", "", rest))) <= _OF_THE_LANGUAGE, where


async def labels_of(gateway: Any) -> dict[str, set[str]]:
    """The labels of every figure, whether or not there is one yet."""
    registries = (await measured(gateway.inside.vitals), gateway.inside.counts.registry)
    found: dict[str, set[str]] = {}
    for registry in registries:
        for collector in registry._collector_to_names:
            metric = getattr(collector, "family", collector)
            name = metric.name if hasattr(metric, "name") else metric._name
            found[name.removesuffix("_total")] = set(metric._labelnames)
    return found


async def test_no_figure_of_the_bus_is_without_a_panel_or_a_reason() -> None:
    """What a page shows stands on a dashboard too."""
    asked = {name for _, expression, _ in expressions() for name, _ in _NAMED.findall(expression)}
    code = (Path(__file__).parents[2] / "alertbus" / "operations" / "gauges.py").read_text(encoding="utf-8")
    given = {f"alertbus_{name}" for name in re.findall(r'_gauge\("(\w+)"', code)} | set(re.findall(r'"(alertbus_\w+)"', code))

    assert {name for name in given if name not in asked and f"{name}_total" not in asked} == set()


def test_what_provisions_them_is_read_by_grafana_where_the_readme_says() -> None:
    providers = yaml.safe_load((DEPLOY / "grafana" / "provisioning" / "dashboards" / "alertbus.yaml").read_text(encoding="utf-8"))
    sources = yaml.safe_load((DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yaml").read_text(encoding="utf-8"))
    told = (DEPLOY / "README.md").read_text(encoding="utf-8")

    assert [one["type"] for one in providers["providers"]] == ["file"]
    assert providers["providers"][0]["options"]["path"] in told
    assert [one["type"] for one in sources["datasources"]] == ["prometheus"]
    assert {path.name for path in DASHBOARDS} == set(re.findall(r"grafana/(alertbus-[a-z-]+\.json)", told))
