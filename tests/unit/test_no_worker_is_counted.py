"""Systems are looked at, and nobody is blamed: nothing that the bus counts, orders or measures is by a named worker (NOT-24, review 1.3).

A person's name stands beside the one answer that they gave, for whoever holds the case to ring them, and nowhere else.
"""

import ast
import dataclasses
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from alertbus.chronicle import queries
from alertbus.chronicle.projector import apply, read
from alertbus.chronicle.rebuild import make_tables
from alertbus.model.receipt import Intent, Stage
from alertbus.rehearsal.report import ArrivedMessage
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine
from tests.story import LATER, Log, a_case, a_receipt, accepted, bus, hours

PRODUCT = [path for path in sorted((Path(__file__).parents[2] / "alertbus").rglob("*.py")) if "versions" not in path.parts]

LABELS = {
    "agency", "disposition", "group", "method", "outcome", "plugin", "reason", "route", "source", "state", "status", "subject", "topic",
}  # fmt: skip
"""By what a metric may be told apart: parts of the bus and agencies, which are organisations."""

NAMES_OF_WORKERS = {"by", "worker", "acknowledged_by", "recipient", "manager", "decided_by", "who", "role", "team", "officer"} | {
    "acted_by", "passed_to", "cover", "deputy", "recorded_by",
}  # fmt: skip


def _calls(*names: str) -> Iterator[tuple[str, ast.Call]]:
    for path in PRODUCT:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in names:
                    yield f"{path.stem}:{node.lineno}", node


def _words(node: ast.AST) -> set[str]:
    """The names and texts in an expression."""
    found = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    found |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return found | {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def _labels() -> set[str]:
    found: set[str] = set()
    for _, call in _calls("Gauge", "Counter", "Histogram", "CounterMetricFamily", "_gauge"):
        given = call.args[2:] + [keyword.value for keyword in call.keywords if keyword.arg in {"labels", "labelnames"}]
        found |= {one.value for label in given for one in ast.walk(label) if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return found


def test_not_24_no_metric_is_told_apart_by_a_person() -> None:
    assert _labels() == LABELS


def test_not_24_nothing_is_grouped_or_ordered_by_who_answered() -> None:
    found = {
        place: _words(call) & NAMES_OF_WORKERS
        for place, call in _calls("group_by", "order_by", "sort", "sorted", "Counter", "count_changes")
    }

    assert {place: words for place, words in found.items() if words and words != {"role"}} == {}
    assert len(found) > 20


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Database]:
    engine = make_engine(f"sqlite:///{tmp_path}/bus.db")
    await make_tables(engine)
    yield engine
    await engine.dispose()


async def test_not_24_the_bus_in_numbers_names_nobody_who_works_in_it(engine: Database) -> None:
    """Twelve alerts, one worker who answers all of hers and one who answers none: the numbers are the agencies'."""
    log = Log()
    workers = [
        {"agency": "gp", "level": "worker", "worker": "Quick Answerer", "from": "2025-01-01"},
        {"agency": "health_visiting", "level": "worker", "worker": "Slow Answerer", "from": "2025-01-01"},
    ]
    case = a_case(involvements=[{"agency": "gp"}, {"agency": "health_visiting"}, *workers])
    notices = bus(log, [case], [accepted(f"T-{n}", hours(n)) for n in range(12)])
    for notice in notices:
        if notice.recipient == "Quick Answerer":
            log.receipt(a_receipt(notice, Stage.ACKNOWLEDGED, hours(20), by="Quick Answerer", intent=Intent.ACTING))
    async with engine.begin() as connection:
        await apply(connection, read(log.records))

    told = (await queries.status(engine, LATER)).model_dump_json()

    assert {notice.recipient for notice in notices} == {"Quick Answerer", "Slow Answerer"}
    assert '"acknowledged":12' in told
    assert "Answerer" not in told


def test_not_24_the_report_of_a_replay_knows_roles_and_no_names() -> None:
    assert {field.name for field in dataclasses.fields(ArrivedMessage)} & (NAMES_OF_WORKERS - {"role"}) == set()
