"""What stands beside the bus in `alertbus bench`: how Alertmanager is set up and fed, and what counts as lost when all is killed."""

import json
import re
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from alertbus.bench.alertmanager import BY_LABEL, Beside, bodies, named
from alertbus.bench.alertmanager_program import NotBuilt, alertmanager, configure
from alertbus.bench.bench_report import Machine, Measured, contract, table
from alertbus.bench.county import AGENCIES, NARRATIVE
from alertbus.bench.figures import Latency
from alertbus.bench.latency import Latencies
from alertbus.bench.open_loop import Sent
from alertbus.bench.rates import Highest, WholePath
from alertbus.bench.receivers import Receivers
from alertbus.bench.sigkill import Killed, lost

MACHINE = Machine(2, "a processor", "3.11.0", 8.0, 0.0)
AT = Latency(3, 19, 30, 40)
PATH = WholePath(100, 100.0, AT, AT, AT, AT, AT, {}, {"alertmanager": 3.5}, 3.5)


def sent(*alert_ids: str) -> list[Sent]:
    return [Sent(alert_id, 0, 0, 0) for alert_id in alert_ids]


def test_every_alert_goes_alone_and_at_once_to_every_agency(tmp_path: Path) -> None:
    receivers = Receivers.of(tmp_path, AGENCIES, BY_LABEL)

    route = yaml.safe_load(configure(tmp_path, receivers).read_text())["route"]

    assert (route["group_by"], route["group_wait"]) == (["..."], "0s")
    assert [one["receiver"] for one in route["routes"]] == list(AGENCIES)
    assert all(one["continue"] for one in route["routes"])


def test_an_alert_says_what_ours_say_under_an_id_of_its_own_which_the_receiver_reads() -> None:
    found = bodies(3)

    names = {match[1].decode() for body in found if (match := re.search(BY_LABEL.encode(), body))}
    assert len(names) == 3
    assert all(json.loads(body)[0]["annotations"]["narrative"] == NARRATIVE for body in found)


def test_without_go_it_is_not_measured_and_the_reason_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NotBuilt, match="there is no Go"):
        alertmanager()


def test_a_build_that_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/go")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, "", "go: no network\n"))

    with pytest.raises(NotBuilt, match="no network"):
        alertmanager()

    assert [path.name for path in (tmp_path / "alertbus").iterdir() if not path.name.endswith(".lock")] == []


def test_a_delivery_that_never_came_is_lost_and_so_is_the_alert_though_six_others_have_it() -> None:
    due = named(["a", "b"])
    arrivals = dict.fromkeys(due, 1.0)
    del arrivals["gp", "b"]

    assert lost(dict.fromkeys(due, 1.0), due, sent("a", "b")) == {}
    assert lost(arrivals, due, sent("a", "b")) == {"b": 1}


def test_an_alert_of_which_nothing_is_known_has_lost_all_seven() -> None:
    assert lost({}, {}, sent("a")) == {"a": 7}


def test_what_was_measured_beside_the_bus_stands_in_json_and_table() -> None:
    killed = {"sqlite": Killed("sqlite", 100, 0, 0, 2, 9.0), "alertmanager": Killed(None, 100, 50, 350, 0, 0.1)}
    beside = Beside("v0.28.1", [PATH], [], Highest(800.0, {800.0: 20.0}), 107.0)
    sizes = [Latencies("sqlite", "seven webhooks", size, [PATH], [], None) for size in (1_000, 100_000)]

    found = contract(Measured(MACHINE, 1, 1, alertmanager=beside, killed=killed, county=sizes))

    assert found["alertmanager"]["at"]["100"]["latency_ms"] == asdict(AT)
    assert found["sigkill"]["alertmanager"]["lost_alerts"] == 50
    assert found["county"]["sqlite"].keys() == {"1000", "100000"}
    assert json.loads(json.dumps(found)) == found
    lines = {name: value for name, value, *_ in table(found)}
    assert (
        lines["accepted alerts lost at SIGKILL while agencies' systems are down, alertmanager"] == "50 of 100 (350 deliveries); 0 repeated"
    )
    assert lines["our processor for an alert at 100/s, 100,000 families, sqlite"] == "3.5 ms, to the last p99 19 ms"
