"""A bus starts although a part dies on the way, and says why when it cannot; other processes than ours play the parts."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from alertbus.broker.access import client_arguments
from alertbus.broker.child import spawn, stop
from alertbus.broker.choose import Chosen
from alertbus.broker.local import LocalKafka
from alertbus.cli import doctor, status
from alertbus.model.errors import BusError, SettingsFault
from alertbus.run import supervisor
from alertbus.run.bootstrap import PARTS, leave_reason, ready_folder
from alertbus.run.bus_file import LOCAL_BROKER, BusFile, Part, at_local_broker, bootstrap_servers, read_bus_file
from alertbus.run.supervisor import TRIES, Child, PartWillNotStart, Supervisor
from alertbus.settings import Settings, load_settings

DIES_THEN_WORKS = """
import os, pathlib, sys, time
folder, dies = pathlib.Path(sys.argv[1]), int(sys.argv[2])
tries = folder / "tries"
tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
if len(tries.read_text()) <= dies:
    sys.exit(70)
(folder / "ready" / "gateway-0").write_text(str(os.getpid()))
time.sleep(60)
"""


@dataclass(slots=True)
class Scripted(Supervisor):
    """The product's supervisor over a part that dies some times before it works."""

    dies: int = 0

    def _spawn(self, name: str, number: int) -> subprocess.Popen[bytes]:
        return spawn([sys.executable, "-c", DIES_THEN_WORKS, str(self.settings.data_dir), str(self.dies)], stdout=None, stderr=None)

    def begin(self) -> Child:
        ready_folder(self.settings.data_dir).mkdir(parents=True)
        self.children.append(Child("gateway", 0, self._spawn("gateway", 0), asyncio.get_running_loop().time()))
        return self.children[0]


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Scripted]:
    lines: list[str] = []
    scripted = Scripted(Settings(data_dir=tmp_path), lines.append, ("gateway",))
    yield scripted
    for child in scripted.children:
        await stop(child.process, 5.0)


def test_the_parts_of_a_bus_on_its_own_broker_and_database_find_no_other_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, word = Settings(data_dir=tmp_path), tmp_path / "broker.password"
    word.touch(mode=0o600)
    word.write_text("a-word")
    for name, value in {
        "ALERTBUS_DATABASE_URL": "postgresql://u@localhost/county",
        "ALERTBUS_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "ALERTBUS_KAFKA_PRINCIPALS__STREAM__USER": "county-stream",
    }.items():
        monkeypatch.setenv(name, value)
    bus = Supervisor(settings, partitions=2, bootstrap="127.0.0.1:9092", at_broker=at_local_broker(settings, "127.0.0.1:9092", word))

    environment = bus._environment()
    for name in [name for name in os.environ if name.startswith("ALERTBUS_")]:
        monkeypatch.delenv(name)
    for name in [name for name in environment if name.startswith("ALERTBUS_")]:
        monkeypatch.setenv(name, environment[name])
    found = load_settings()

    assert found.sqlalchemy_url == settings.sqlalchemy_url
    assert (found.access("stream").user, found.access("stream").password) == ("alertbus", "a-word")
    assert "a-word" not in str(environment)


@pytest.mark.parametrize("said", ["closed", "open"])
async def test_the_broker_that_a_bus_starts_by_itself_is_closed_unless_the_operator_said_open(
    said: Literal["closed", "open"], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    async def started(_: Path, *, closed: bool, progress: object) -> Chosen:
        asked.append(closed)
        broker = LocalKafka(tmp_path, port=9092, closed=closed)
        (tmp_path / "broker.password").write_text("a-word")
        return Chosen(broker, "for a test")

    monkeypatch.setattr(supervisor, "start_local", started)
    bus = Supervisor(Settings(data_dir=tmp_path, local_broker=said), lambda _: None)
    await bus._start_broker()

    assert asked == [said == "closed"]
    assert client_arguments(bus.bootstrap).get("security_protocol") == ("SASL_PLAINTEXT" if said == "closed" else None)
    assert Settings(data_dir=tmp_path).local_broker == "closed"


@pytest.mark.parametrize("named", [None, "127.0.0.1:9092"])
def test_other_commands_find_the_closed_broker_of_a_running_bus_by_its_file(named: str | None, tmp_path: Path) -> None:
    word = tmp_path / "broker.password"
    word.touch(mode=0o600)
    word.write_text("a-word")
    parts = (Part(LOCAL_BROKER, os.getpid()),)
    BusFile(os.getpid(), "127.0.0.1:9092", "http://x", str(tmp_path), "sqlite", str(word), parts).write(tmp_path)

    found = bootstrap_servers(Settings(data_dir=tmp_path, bootstrap_servers=named))

    assert (str(found), found.access.protocol, found.access.password) == ("127.0.0.1:9092", "SASL_PLAINTEXT", "a-word")
    assert "a-word" not in (tmp_path / "bus.json").read_text()


def test_another_broker_than_the_running_bus_has_is_not_given_its_password(tmp_path: Path) -> None:
    parts = (Part(LOCAL_BROKER, os.getpid()),)
    BusFile(os.getpid(), "127.0.0.1:9092", "http://x", str(tmp_path), "sqlite", str(tmp_path / "word"), parts).write(tmp_path)

    assert bootstrap_servers(Settings(data_dir=tmp_path, bootstrap_servers="127.0.0.1:9093")).access.password is None


async def test_a_part_that_dies_in_its_first_seconds_is_started_again_and_the_bus_comes_up(bus: Scripted) -> None:
    bus.dies = 2
    child = bus.begin()

    await bus._all_ready()

    assert child.process.poll() is None
    assert child.deaths == 2
    assert len((bus.settings.data_dir / "tries").read_text()) == 3


async def test_a_part_that_dies_at_every_try_is_given_up_with_its_exit_code_and_where_its_log_is(bus: Scripted) -> None:
    bus.dies = 100
    bus.begin()

    with pytest.raises(PartWillNotStart) as raised:
        await bus._all_ready()

    assert str(raised.value) == f"gateway ended {TRIES} times: exit code 70. Its log: {bus.settings.data_dir}/logs/gateway-0.log"
    assert len((bus.settings.data_dir / "tries").read_text()) == TRIES


async def test_the_reason_on_the_screen_is_the_parts_own_last_words(bus: Scripted) -> None:
    bus.dies = 100
    bus.begin()
    leave_reason(bus.settings, "gateway", 0, SettingsFault("ALERTBUS_HTTP_PORT: port 1 cannot be opened"))

    with pytest.raises(PartWillNotStart, match=r"ended 4 times: ALERTBUS_HTTP_PORT: port 1 cannot be opened\. Its log: "):
        await bus._all_ready()


async def test_of_an_error_that_is_not_ours_only_the_class_is_told(bus: Scripted) -> None:
    child = bus.begin()
    leave_reason(bus.settings, "gateway", 0, ValueError("Zebulon-Quagmire-1987"))

    assert bus._reason(child).startswith("ValueError, a defect; its log says where. Its log: ")
    await bus._all_ready()


async def test_a_part_that_dies_again_and_again_is_on_the_bus_file_and_fails_the_doctor(bus: Scripted) -> None:
    bus.dies, bus.parts = 3, PARTS
    bus.begin()

    await bus._all_ready()

    running = read_bus_file(bus.settings)
    assert running is not None
    [part] = running.parts
    assert (part.name, part.restarts, len(part.died_at)) == ("gateway", 3, 3)
    with pytest.raises(BusError, match=r"in the last 10 minutes died gateway 3 times: it does no work\..*logs/"):
        await doctor._parts(bus.settings)
    assert status._part({"name": "gateway", "pid": 1, "restarts": 3, "died_at": part.died_at}).startswith(
        "gateway (1, started again 3 times"
    )


async def test_a_part_that_died_once_is_told_of_and_wrong_with_nothing(bus: Scripted) -> None:
    bus.dies, bus.parts = 1, PARTS
    bus.begin()

    await bus._all_ready()

    assert await doctor._parts(bus.settings) == "1 run; started again since the bus came up: gateway 1"


@pytest.mark.parametrize(("minutes", "often"), [((1, 2, 3), 3), ((1, 2), 0), ((1, 2, 11), 0), ((1, 2, 3, 11, 12), 3)])
def test_what_died_long_ago_counts_no_more(minutes: tuple[int, ...], often: int) -> None:
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    part = Part("chronicle", 1, len(minutes), tuple((now - timedelta(minutes=one)).isoformat() for one in minutes))

    assert part.dies_again_and_again(now) == often


def test_a_bus_file_of_before_is_still_read(tmp_path: Path) -> None:
    found = {
        "pid": os.getpid(),
        "bootstrap": "b:1",
        "url": "u",
        "data_dir": "d",
        "database_url": "set",
        "parts": [{"name": "stream-0", "pid": 7}],
    }
    (tmp_path / "bus.json").write_text(json.dumps(found), encoding="utf-8")

    running = read_bus_file(Settings(data_dir=tmp_path))

    assert running is not None
    assert running.parts == (Part("stream-0", 7),)
