"""An alert that nobody answers, in real time with limits of seconds, on a whole bus: each is asked in turn, then nobody is left, then the
outside switch fires; until somebody by name has answered.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from alertbus.broker.jars import find_java
from alertbus.chronicle.exercise_record import taken_notices
from alertbus.run.bootstrap import wired
from alertbus.run.supervisor import Supervisor
from alertbus.run.temporary import any_port
from alertbus.settings import load_settings
from alertbus.waiting import eventually
from tests.integration.test_bus import command

pytestmark = pytest.mark.kafka

SHIPPED = Path(__file__).parents[2] / "alertbus" / "policy" / "default.yaml"
ANSWER, NEXT = timedelta(seconds=4), timedelta(seconds=2)
LATEST = timedelta(seconds=10)
"""Within which a step must be at its agency, on a machine that does other things too. It is some tenths of a second where it does not."""
WAIT_S = 60.0


class OutsideSwitch:
    """A dead man's switch, as services have them: an address for all being well, and one for a failure."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, datetime]] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.calls.append((head.split(b" ")[1].decode(), datetime.now(UTC)))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    async def calls_next(self, path: str) -> datetime:
        """When it is next called at this path, and at no other meanwhile than before."""
        count = len(self.calls)

        async def called() -> bool:
            return any(found == path for found, _ in self.calls[count:])

        assert await eventually(called, WAIT_S, 0.05), (path, self.calls[-3:])
        return next(at for found, at in self.calls[count:] if found == path)


@pytest.fixture(scope="module")
async def switch() -> AsyncIterator[OutsideSwitch]:
    switch = OutsideSwitch()
    server = await asyncio.start_server(switch.serve, "127.0.0.1", 0)
    switch.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/check"
    yield switch
    server.close()


def in_seconds(folder: Path) -> Path:
    """The shipped policy, of which one kind is answered within seconds, by day and by night."""
    policy: dict[str, Any] = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    for agency in policy["agencies"].values():
        agency.pop("out_of_hours", None)
    policy["kinds"]["threat_to_staff"] |= {
        "respond_within": {"seconds": int(ANSWER.total_seconds())},
        "next_within": {"seconds": int(NEXT.total_seconds())},
        "chain": ["team_manager", "duty_manager"],
    }
    policy["escalation"]["unowned_within"] = {"seconds": 1}
    file = folder / "policy.yaml"
    file.write_text(yaml.safe_dump(policy), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
async def bus(switch: OutsideSwitch, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Supervisor]:
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALERTBUS_DEADMAN_URL", switch.url)
        patch.setenv("ALERTBUS_DEADMAN_FAIL_URL", f"{switch.url}/fail")
        patch.setenv("ALERTBUS_POLICY", str(in_seconds(tmp_path_factory.mktemp("policy"))))
        settings = load_settings(
            data_dir=tmp_path_factory.mktemp("bus"), http_port=any_port("127.0.0.1"), partitions=4, watchdog_interval_s=1
        )
        supervisor = Supervisor(settings, lambda _: None)
        try:
            await supervisor.start()
            yield supervisor
        finally:
            await supervisor.stop()


async def a_threat(http: httpx.AsyncClient) -> None:
    case = {
        "people": [{"key": "man", "label": "A man"}, {"key": "child", "label": "A child"}],
        "children": ["child"],
        "links": [{"person": "man", "relation": "ex-partner of the mother"}],
        "involvements": [{"agency": "gp"}],
    }
    assert (await http.put("/v1/cases/real-1", json=case)).is_success
    now = datetime.now(UTC).isoformat()
    said = {"id": "T-1", "source": "police", "kind": "threat_to_staff", "occurred_at": now, "recorded_at": now, "severity": "high"}
    answer = await http.post("/v1/alerts", json=said | {"subjects": [{"person": {"key": "man"}}]})
    assert answer.status_code == 202, answer.text


async def owed_by_the_gp(http: httpx.AsyncClient, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        page = (await http.get("/v1/items", params={"case": "real-1", "state": "all", "agency": "gp"})).json()
        found[:] = [item for item in page["items"] if item["kind"] == "threat_to_staff"]
        return any(map(until, found))

    assert await eventually(there, WAIT_S, 0.1), found
    return found[0]


async def test_each_is_asked_in_turn_then_nobody_is_left_then_the_switch_fires_until_somebody_by_name_has_answered(
    bus: Supervisor, switch: OutsideSwitch
) -> None:
    async with httpx.AsyncClient(base_url=bus.url, timeout=30) as http:
        await switch.calls_next("/check")
        await a_threat(http)
        first = await owed_by_the_gp(http, lambda item: True)
        assert (first["state"], first["next"]["role"]) == ("open", "safeguarding_lead"), "and who is next is known at once"

        item = await owed_by_the_gp(http, lambda item: bool(item["unowned"]))
        fired = await switch.calls_next("/check/fail")
        await assert_steps(bus, item)

        numbers = (await http.get("/-/progress")).json()["chronicle"]["items"]
        assert (numbers["unowned"], numbers["oldest_unowned"]["agency"]) == (1, "gp")
        assert 'alertbus_unowned{agency="gp"} 1.0' in (await http.get("/metrics")).text
        listed = await command(bus, "items", "list", "--unowned")
        assert "NOBODY LEFT TO ASK" in listed
        assert "nobody is left to ask" in await command(bus, "items", "show", item["id"])
        assert "NOBODY LEFT TO ASK" in await command(bus, "status", "T-1")
        assert "THE OLDEST" in await command(bus, "status")

        answered = await http.post(
            f"/v1/obligations/{item['id']}/acknowledgements", json={"by": "Dr A. Person", "role": "gp", "intent": "acting"}
        )
        assert answered.status_code == 201, answered.text
        closed = await owed_by_the_gp(http, lambda item: item["closed_at"] is not None)
        assert (closed["state"], closed["unowned"], closed["next"]) == ("missed", False, None)
        assert closed["closed_by"] == answered.json()["id"]
        await switch.calls_next("/check")
        assert "unowned" in await command(bus, "status")
        assert await command(bus, "items", "list", "--unowned") == "Nothing is owed.\n"

    unowned_at = datetime.fromisoformat(item["steps"][-1]["at"])
    assert fired >= unowned_at + timedelta(seconds=1), "not before the policy says"
    print(f"nobody left at {unowned_at:%H:%M:%S.%f}; the switch was told at {fired:%H:%M:%S.%f}")


async def assert_steps(bus: Supervisor, item: dict[str, Any]) -> None:
    """Each step at its moment, and with its agency soon after and never before."""
    since = datetime.fromisoformat(item["opened_at"])
    steps = [(step["kind"], step["role"], datetime.fromisoformat(step["at"]) - since) for step in item["steps"]]
    assert steps == [
        ("reminder", "safeguarding_lead", ANSWER / 2),
        ("next", "team_manager", ANSWER),
        ("next", "duty_manager", ANSWER + NEXT),
        ("duty_lead", "duty_lead", ANSWER + 2 * NEXT),
        ("unowned", None, ANSWER + 3 * NEXT),
    ]
    async with wired(bus.settings) as wiring:
        taken = [one for one in await taken_notices(wiring.engine, None) if one.notice.obligation.id == item["id"]]
    assert [one.notice.step and one.notice.step.role for one in taken] == [
        None,
        "safeguarding_lead",
        "team_manager",
        "duty_manager",
        "duty_lead",
    ]
    for one in taken[1:]:
        assert one.notice.step is not None
        late = one.taken_at - one.notice.step.at
        print(
            f"{one.notice.step.kind} to {one.notice.step.role}: due at +{one.notice.step.at - since}, taken {late.total_seconds():.2f} s later"
        )
        assert timedelta(0) <= late < LATEST
