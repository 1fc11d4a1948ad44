"""The whole bus, every part a process of its own, on a real Kafka: scenarios through it, and parts dying under it."""

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from cloudevents.core.formats.json import JSONFormat

from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.broker.jars import find_java
from alertbus.cli.demo import CHILD_BI
from alertbus.rehearsal.replay import replay
from alertbus.rehearsal.report import is_clean
from alertbus.run.bootstrap import wired
from alertbus.run.bus_file import read_bus_file
from alertbus.run.supervisor import Supervisor
from alertbus.run.temporary import any_port
from alertbus.settings import Settings, load_settings

pytestmark = pytest.mark.kafka

LATENCIES = ("accept_to_notice_ms",)


@pytest.fixture(scope="module")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Supervisor]:
    """A supervised bus; what dies in a test is started again by it, as in life."""
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    settings = load_settings(data_dir=tmp_path_factory.mktemp("bus"), http_port=any_port("127.0.0.1"))
    lines: list[str] = []
    supervisor = Supervisor(settings, lines.append)
    done = asyncio.Event()
    watching: asyncio.Task[None] | None = None
    try:
        await supervisor.start()
        watching = asyncio.create_task(supervisor.watch(done))
        yield supervisor
    finally:
        done.set()
        if watching:
            await watching
        await supervisor.stop()


async def play(settings: Settings, folder: Path, at_half: Callable[[], None] | None = None) -> dict[str, Any]:
    events = len((folder / "events.jsonl").read_text().splitlines())
    count = 0

    def tick() -> None:
        nonlocal count
        count += 1
        if at_half and count == events // 2:
            at_half()

    async with wired(settings) as wiring:
        return await replay(folder, wiring, tick=tick)


def without_latencies(report: dict[str, Any]) -> str:
    events = [{k: v for k, v in event.items() if k not in LATENCIES} for event in report["events"]]
    return json.dumps(report | {"events": events}, indent=1)


async def inbox(bus: Supervisor, agency: str, **query: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=bus.url) as client:
        answer = await client.get("/v1/inbox", params={"agency": agency, "limit": "500"} | query)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


@pytest.fixture(scope="module")
async def twice(bus: Supervisor) -> tuple[dict[str, Any], dict[str, Any]]:
    """The review, played twice on one bus."""
    return await play(bus.settings, CHILD_BI), await play(bus.settings, CHILD_BI)


async def test_the_review_replayed_reaches_302_of_302_and_nobody_else_and_twice_the_same(
    twice: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    first, second = twice

    assert first["totals"] == {"pairs_expected": 302, "pairs_reached": 302, "missing": 0, "extra": 0}
    assert first["reconcile"] == {"difference": 0}
    assert without_latencies(first) == without_latencies(second)


async def test_vpf_03_health_visiting_holds_both_threats_of_november_2020_with_their_reason_paths(bus: Supervisor, twice: object) -> None:
    held = {item["obligation"]["source_id"]: item for item in await inbox(bus, "health_visiting", state="all")}

    for threat in ("CB-019", "CB-020"):
        notice = held[threat]["notice"]
        assert notice["flag"].startswith("THREAT TO STAFF")
        assert "→ the children's case → you, health visiting" in notice["because"]
        assert "accepted" in {receipt["stage"] for receipt in held[threat]["receipts"]}


async def test_vpf_03_status_says_who_has_acknowledged_a_threat(bus: Supervisor, twice: object) -> None:
    item = next(i for i in await inbox(bus, "health_visiting", state="all") if i["obligation"]["source_id"] == "CB-020")
    async with httpx.AsyncClient(base_url=bus.url) as client:
        answer = await client.post(
            f"/v1/obligations/{item['obligation']['id']}/acknowledgements", json={"by": "HV1", "role": "health visitor", "intent": "acting"}
        )
        assert answer.status_code in {200, 201, 202}, answer.text

    said = ""
    for _ in range(100):
        said = await command(bus, "status", item["obligation"]["alert_id"])
        if "HV1 (acting)" in said:
            break
        await asyncio.sleep(0.1)

    assert "HV1 (acting)" in said
    assert "nobody yet" in said


async def command(bus: Supervisor, *words: str) -> str:
    env = os.environ | {
        "ALERTBUS_DATA_DIR": str(bus.settings.data_dir),
        "ALERTBUS_HTTP_PORT": str(bus.settings.http_port),
        "COLUMNS": "200",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "alertbus", *words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


def invented_scenario(folder: Path, seed: int) -> dict[str, set[str]]:
    """Two families, three adults of whom one is linked to both, invented from a seed; and what the formula of `_meta.routing` expects."""
    chance = random.Random(seed)
    routing = {
        "adult_linked_kinds": ["threat_to_staff", "prisoner_release"],
        "plan_partner_kinds": ["prisoner_release"],
        "mash_kinds": ["nspcc_concern"],
        "recently_ended_kinds": ["conference_outcome"],
        "recently_ended_days": 30,
    }
    cases = [{"id": "ash", "children": ["ash_1", "ash_2"]}, {"id": "birch", "children": ["birch_1"]}]
    linked = {"ash_mother": ["ash"], "birch_mother": ["birch"], "shared_man": ["ash", "birch"]}
    children = {c["id"]: c["children"] for c in cases}
    people = [{"key": k, "label": k, "role": "child"} for c in cases for k in c["children"]]
    people += [
        {"key": key, "label": key, "role": "adult", "relations": {child: "relation" for case in their for child in children[case]}}
        for key, their in linked.items()
    ]
    begin = date(2024, 1, 1)

    def day(low: int, high: int) -> str:
        return (begin + timedelta(days=chance.randint(low, high))).isoformat()

    involvements = []
    for case in children:
        for agency in ("childrens_social_care", "gp", "health_visiting", f"school_{case}", "midwifery"):
            ends = day(120, 300) if chance.random() < 0.5 else None
            involvements.append(
                {
                    "case": case,
                    "agency": agency,
                    "level": "agency",
                    "scope": "children_case",
                    "from": day(0, 100),
                    "to": ends,
                    "adult": None,
                }
            )
        involvements.append(
            {"case": case, "agency": "housing", "level": "agency", "scope": "plan_partner", "from": day(0, 150), "to": None}
        )
        adult = chance.choice([k for k, v in linked.items() if case in v])
        involvements.append(
            {
                "case": case,
                "agency": "probation",
                "level": "agency",
                "scope": "adult_linked",
                "adult": adult,
                "from": day(0, 90),
                "to": day(200, 350),
            }
        )
    kinds = ["threat_to_staff", "prisoner_release", "nspcc_concern", "conference_outcome", "other", "birth", "meeting"]
    events, expected = [], {}
    for number in range(60):
        subjects = chance.sample(list(linked), chance.randint(1, 2))
        about = sorted({case for key in subjects for case in linked[key]})
        named = [child for case in about for child in children[case]] if chance.random() < 0.5 else []
        invite = chance.random() < 0.1
        event = {
            "id": f"EV-{number:03}",
            "date": day(0, 365),
            "source_agency": chance.choice(["police", "gp", "childrens_social_care", "probation", "nspcc"]),
            "kind": chance.choice(kinds),
            "subjects": subjects,
            "children": named or [child for case in about for child in children[case]],
            "summary": "Invented.",
            "notes": ("" if named else "[children-not-linked-at-source] ") + ("[conference-invite]" if invite else ""),
        }
        told = set()
        for i in involvements:
            if i["case"] not in about:
                continue
            active = i["from"] <= event["date"] <= (i["to"] or "9999")
            if i["scope"] == "children_case":
                lately = bool(i["to"]) and timedelta(0) < date.fromisoformat(event["date"]) - date.fromisoformat(i["to"]) <= timedelta(
                    days=30
                )
                if active or (lately and (event["kind"] in routing["recently_ended_kinds"] or invite)):
                    told.add(i["agency"])
            elif i["scope"] == "plan_partner":
                told |= {i["agency"]} if active and event["kind"] in routing["plan_partner_kinds"] else set()
            elif active and event["kind"] in routing["adult_linked_kinds"] and i["adult"] in subjects:
                told.add(i["agency"])
        if event["kind"] in routing["mash_kinds"]:
            told.add("mash")
        expected[event["id"]] = told - {event["source_agency"]}
        events.append(event)
    events.sort(key=lambda e: (e["date"], e["id"]))
    folder.mkdir()
    (folder / "people.json").write_text(
        json.dumps(
            {
                "_meta": {"scenario": f"two-families-{seed}", "routing": routing},
                "cases": cases,
                "people": people,
                "involvements": involvements,
            }
        )
    )
    (folder / "events.jsonl").write_text("\n".join(map(json.dumps, events)) + "\n")
    return expected


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_scenario_nobody_has_seen_comes_out_by_the_formula(bus: Supervisor, tmp_path: Path, seed: int) -> None:
    expected = invented_scenario(tmp_path / "scenario", seed)

    report = await play(bus.settings, tmp_path / "scenario")

    assert {event["id"]: set(event["reached"]) for event in report["events"]} == expected
    assert all(event["expected"] is None and event["missing"] == [] for event in report["events"])
    assert report["reconcile"] == {"difference": 0}


HMPPS = Path(__file__).parents[2] / "plugins" / "hmpps" / "tests" / "data"


async def test_every_real_hmpps_file_posted_raw_has_an_outcome_and_what_is_not_understood_is_kept_for_review(bus: Supervisor) -> None:
    outcomes: dict[str, list[str]] = {"accepted": [], "ignored": [], "refused": []}
    async with httpx.AsyncClient(base_url=bus.url) as client:
        for path in sorted(path for path in HMPPS.rglob("*.json") if path.parent.name != "cases"):  # those are invented
            answer = await client.post("/v1/sources/hmpps", content=path.read_bytes(), headers={"content-type": "application/json"})
            body = answer.json()
            if answer.status_code == 422:
                assert body["faults"], path.name
                outcomes["refused"].append(path.name)
            else:
                assert (answer.status_code, body["outcome"]) in {(202, "accepted"), (200, "ignored")}, path.name
                assert body["outcome"] == "accepted" or body["reason"], path.name
                outcomes[body["outcome"]].append(path.name)

    assert {outcome: len(files) for outcome, files in outcomes.items()} == {"accepted": 2, "ignored": 40, "refused": 5}
    assert outcomes["accepted"] == ["prisoner-received-recall.json", "prisoner-released-cr.json"]
    async with wired(bus.settings) as wiring, wiring.engine.reading() as connection:
        kept = await connection.exec_driver_sql("SELECT COUNT(*) FROM gateway_raw WHERE source = 'hmpps'")
        assert kept.scalar_one() == 5


@pytest.mark.parametrize("victim", ["gateway", "stream-0", "delivery", "chronicle", "broker"])
async def test_killing_any_one_process_in_mid_replay_loses_nobody_and_doubles_nothing(bus: Supervisor, victim: str) -> None:
    def kill() -> None:
        running = read_bus_file(bus.settings)
        assert running is not None
        os.kill(next(part.pid for part in running.parts if part.name == victim), signal.SIGKILL)

    report = await play(bus.settings, CHILD_BI, kill)

    assert report["totals"] == {"pairs_expected": 302, "pairs_reached": 302, "missing": 0, "extra": 0}
    assert is_clean(report)
    async with wired(bus.settings) as wiring, wiring.engine.reading() as connection:
        doubled = await connection.exec_driver_sql("SELECT idempotency_key FROM inbox_message GROUP BY idempotency_key HAVING COUNT(*) > 1")
        assert doubled.all() == []
        twice = await connection.exec_driver_sql(
            "SELECT agency, alert_id, case_id, l.role FROM ledger l WHERE deed = 'deliver' AND state = 'accepted' "
            "GROUP BY agency, alert_id, case_id, l.role HAVING COUNT(*) > 1"
        )
        assert twice.all() == []


async def test_every_record_of_every_topic_is_a_cloudevent_and_keys_and_headers_hold_only_opaque_ids(
    bus: Supervisor, twice: object
) -> None:
    seen = 0
    for topic in (topics.ALERTS, topics.CASES, topics.PERSON_EVENTS, topics.CASE_EVENTS, topics.NOTICES, topics.RECEIPTS):
        async for record in read_all(bus.bootstrap, [topic]):
            event = from_binary_event(KafkaMessage(headers=dict(record.headers), key=record.key, value=record.value), JSONFormat())
            assert event.get_type().startswith("uk.alertbus.")
            outside = (record.key or b"") + b"".join(name.encode() + value for name, value in record.headers)
            for personal in (b"Mother", b"Partner", b"Sibling", b"sibling", b"mother", b"boiling"):
                assert personal not in outside
            seen += 1
    assert seen > 1000


@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is Debian's: apt-get install kcat")
async def test_kcat_reads_alerts_with_their_ce_headers(bus: Supervisor, twice: object) -> None:
    process = await asyncio.create_subprocess_exec(
        "kcat",
        "-F",
        str(bus.settings.data_dir / "kcat.conf"),
        "-t",
        topics.ALERTS,
        "-C",
        "-e",
        "-q",
        "-f",
        "%k %h\n",
        stdout=subprocess.PIPE,
    )
    out, _ = await process.communicate()
    lines = out.decode().splitlines()

    assert len(lines) >= 72
    assert all("ce_specversion=1.0" in line and "ce_type=uk.alertbus.alert.accepted.v1" in line for line in lines)
