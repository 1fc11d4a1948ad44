"""What the peers of `alertbus bench` are fed, and the join they keep: the set that is expected of them is the join computed from scratch."""

import importlib.util
import json
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from alertbus.bench.bench_report import Machine, Measured, contract, peers_table
from alertbus.bench.county import AGENCIES
from alertbus.bench.figures import Pair
from alertbus.bench.log_ends import Shape
from alertbus.bench.peers import PEERS, PROGRAMS, Feed, PeerMeasured
from alertbus.broker import topics
from alertbus.cli.main import app

SHAPES = (Shape(topics.PERSON_EVENTS, 1.0, 36, 1200, ()), Shape(topics.NOTICES, 7.0, 20, 1700, ()))
FEED = Feed.of("peer-x", 7, SHAPES)


@pytest.fixture(scope="module")
def join() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_peers_join", PROGRAMS / "join.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def through(join: ModuleType, records: list[Any]) -> list[dict[str, str]]:
    """The two stages by hand, in the order of the records."""
    persons: dict[str, Any] = {}
    cases: dict[str, Any] = {}
    said: list[dict[str, str]] = []
    for record in records:
        event = json.loads(record.value)
        arrivals = [event]
        if record.topic.endswith("person-events"):
            persons[event["person"]], arrivals = join.met(persons.get(event["person"]), event)
        for arrival in arrivals:
            cases[arrival["case"]], owed = join.owed(cases.get(arrival["case"]), arrival, "x" * FEED.because_bytes)
            said += owed
    return said


@pytest.mark.parametrize("seed", range(5))
def test_in_any_order_the_peers_join_says_the_expected_set_and_each_obligation_once(join: ModuleType, seed: int) -> None:
    records = [*FEED.settling(), *FEED.alerts(7, 30)]
    if seed:
        random.Random(seed).shuffle(records)

    said = [(o["alert"], o["case"], o["agency"]) for o in through(join, records)]

    assert set(said) == FEED.expected(37)
    assert len(said) == len(set(said)) == 37 * len(AGENCIES)


def test_repeating_a_link_or_an_involvement_says_nothing_again(join: ModuleType) -> None:
    settling = FEED.settling()
    repeated = [r for r in settling if b'"alert"' not in r.value]

    assert len(through(join, [*settling, *repeated])) == len(through(join, settling))


def test_records_have_the_sizes_of_ours_to_within_a_few_bytes(join: ModuleType) -> None:
    alert = FEED.alerts(0, 1)[0]
    obligation = through(join, FEED.settling())[0]

    assert len(alert.key) + len(alert.value) == pytest.approx(SHAPES[0].record_bytes, abs=8)
    assert len(json.dumps(obligation)) + len(join.recipient(obligation)) == pytest.approx(SHAPES[1].record_bytes, abs=40)


def test_every_peer_is_there_and_says_what_it_promises() -> None:
    for peer in PEERS:
        lines = (PROGRAMS / peer.program).read_text().splitlines()
        assert len(lines) < 150
        assert peer.acks
        assert peer.commits
        assert peer.lost_at_sigkill


def test_a_peer_stands_beside_the_floor_of_its_own_hops_and_beside_what_it_loses() -> None:
    measured = Measured(Machine(2, "a processor", "3.11.0", 8.0, 0.0), 1, 100, peers=[PeerMeasured(PEERS[0], (Pair(100, 400),))])

    found = contract(measured)

    assert found["peers"]["faust"]["per_s"] == 100
    assert found["peers"]["faust"]["ratio"] == 0.25
    assert [line[0] for line in peers_table(found)] == ["faust", "alertbus"]


def test_a_peer_that_is_not_here_is_said_to_be_absent_and_has_no_figure() -> None:
    measured = Measured(Machine(2, "a processor", "3.11.0", 8.0, 0.0), 1, 100, peers=[PeerMeasured(PEERS[1], absent="not here")])

    assert contract(measured)["peers"]["quix"]["per_s"] is None
    assert contract(measured)["peers"]["quix"]["absent"] == "not here"


def test_outside_a_checkout_the_command_says_where_the_peers_are_before_it_measures_anything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("alertbus.bench.peers.PROGRAMS", tmp_path / "nowhere")

    answer = CliRunner().invoke(app, ["bench", "--only", "peers"])

    assert answer.exit_code == 1
    assert "in bench/peers of a checkout, not in the installed package" in " ".join(answer.output.split())


def test_the_command_line_imports_no_measurement_until_one_is_run() -> None:
    program = "import sys, alertbus.cli.main; print([m for m in sys.modules if m.startswith('alertbus.bench.')])"

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "[]"
