"""What the peers of `alertbus bench` are fed, and the join they keep: the set that is expected of them is the join computed from scratch."""

import importlib.util
import json
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from alertbus.bench.bench_report import Machine, Measured, contract, peers_table
from alertbus.bench.county import AGENCIES, alert_about
from alertbus.bench.figures import Pair
from alertbus.bench.log_ends import Shape
from alertbus.bench.peer_feeds import DomainFeed, Feed, PlainFeed
from alertbus.bench.peers import PEERS, PLAIN, PROGRAMS, PeerMeasured
from alertbus.broker import topics
from alertbus.cli.main import app

SHAPES = (Shape(topics.PERSON_EVENTS, 1.0, 36, 1200, ()), Shape(topics.NOTICES, 7.0, 20, 1700, ()))


def plain() -> PlainFeed:
    return PlainFeed.of("peer-x", 7, SHAPES)


@pytest.fixture(scope="module")
def join() -> ModuleType:
    return program("join")


@pytest.fixture(scope="module")
def domain() -> ModuleType:
    return program("domain")


def program(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_peers_{name}", PROGRAMS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks itself up there
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
            cases[arrival["case"]], owed = join.owed(cases.get(arrival["case"]), arrival, "x" * plain().because_bytes)
            said += owed
    return said


@pytest.mark.parametrize("seed", range(5))
def test_in_any_order_the_peers_join_says_the_expected_set_and_each_obligation_once(join: ModuleType, seed: int) -> None:
    feed = plain()
    records = [*feed.settling(), *feed.alerts(30)]
    if seed:
        random.Random(seed).shuffle(records)

    said = [(o["alert"], o["case"], o["agency"]) for o in through(join, records)]

    assert set(said) == feed.expected()
    assert len(said) == len(set(said)) == 37 * len(AGENCIES)


def test_repeating_a_link_or_an_involvement_says_nothing_again(join: ModuleType) -> None:
    settling = plain().settling()
    repeated = [r for r in settling if b'"alert"' not in r.value]

    assert len(through(join, [*settling, *repeated])) == len(through(join, settling))


def test_records_have_the_sizes_of_ours_to_within_a_few_bytes(join: ModuleType) -> None:
    alert = plain().alerts(1)[0]
    obligation = through(join, plain().settling())[0]

    assert len(alert.key) + len(alert.value) == pytest.approx(SHAPES[0].record_bytes, abs=8)
    assert len(json.dumps(obligation)) + len(join.recipient(obligation)) == pytest.approx(SHAPES[1].record_bytes, abs=40)


def through_reducers(domain: ModuleType, records: list[Any], *, as_bytes: bool) -> list[Any]:
    """The two stages by hand, their states kept as bytes or as they are."""
    kept: dict[tuple[str, bytes], Any] = {}
    said: list[Any] = []

    def decided(stage: str, read: Any, decide: Any, record: Any) -> list[Any]:
        place = stage, record.key
        state = read(kept.get(place)) if as_bytes else kept.get(place)
        after, out = decide(state, record.key, record.headers, record.value)
        kept[place] = domain.stored(after) if as_bytes else after
        return list(out)

    for record in records:
        about_person = record.topic.endswith("person-events")
        arrivals = decided("person", domain.person_of, domain.met, record) if about_person else [record]
        for arrival in arrivals:
            said += decided("case", domain.case_of, domain.owed, arrival)
    return said


@pytest.mark.parametrize("as_bytes", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_in_any_order_our_reducers_owe_the_expected_set_and_each_notice_once(domain: ModuleType, seed: int, as_bytes: bool) -> None:
    feed: Feed = DomainFeed("peer-x", 5)
    records = [*feed.settling(), *feed.alerts(20)]
    if seed:
        random.Random(seed).shuffle(records)

    said = [feed.read(notice.value) for notice in through_reducers(domain, records, as_bytes=as_bytes)]

    assert set(said) == feed.expected()
    assert len(said) == len(set(said)) == 25 * len(AGENCIES)


def test_a_peer_with_our_reducers_writes_the_notices_that_the_bus_writes(domain: ModuleType) -> None:
    from alertbus.bench.family import Family
    from alertbus.policy.load import load_policy
    from alertbus.wire.reading import understand
    from alertbus.wire.words import NOTICE_OWED, words

    family = Family(0, load_policy())
    at = datetime(2026, 11, 20, 9, tzinfo=UTC)
    opened = [record for record in family.opened(at) if record.topic != topics.CASES]
    caused = family.stated(alert_about(0), at)
    about_person = [record for record in caused.records if record.topic == topics.PERSON_EVENTS]

    said = through_reducers(domain, [*opened, *about_person], as_bytes=True)

    read = [understand(domain.Incoming(topics.NOTICES, one.key, one.headers, one.value), words(NOTICE_OWED)).word for one in said]
    assert read == list(caused.notices)


def test_every_framework_has_a_row_with_its_own_join_and_one_with_our_reducers() -> None:
    assert [peer.reducers for peer in PEERS] == [False, True] * len(PLAIN)
    assert len({peer.name for peer in PEERS}) == len(PEERS)
    for plain_one, domain_one in zip(PEERS[::2], PEERS[1::2], strict=True):
        assert (domain_one.acks, domain_one.commits) == (plain_one.acks, plain_one.commits)
        assert len(domain_one.changelogs) == len(plain_one.changelogs)
        assert all(topic.startswith(f"peer-{domain_one.name}-") for topic in domain_one.changelogs)


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
    measured = Measured(Machine(2, "a processor", "3.11.0", 8.0, 0.0), 1, 100, peers=[PeerMeasured(PLAIN[1], absent="not here")])

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
