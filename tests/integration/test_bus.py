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
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from cloudevents.core.formats.json import JSONFormat

from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.broker.jars import find_java
from alertbus.chronicle.exercise_record import taken_notices
from alertbus.cli.demo import CHILD_BI
from alertbus.model.alert import SaidBy
from alertbus.model.case import in_uk
from alertbus.rehearsal.replay import replay
from alertbus.rehearsal.report import is_clean
from alertbus.rehearsal.scenario import RUNS_ON
from alertbus.run.bootstrap import wired
from alertbus.run.bus_file import read_bus_file
from alertbus.run.supervisor import Supervisor
from alertbus.run.temporary import any_port
from alertbus.settings import Settings, load_settings
from tests.integration.replayed_clocks import expected_clocks, last_moment, reported_clocks
from tests.story import POLICY

pytestmark = pytest.mark.kafka

LATENCIES = ("accept_to_notice_ms",)
EXPECTED = json.loads((Path(__file__).parents[1] / "data" / "child-bi-expected.json").read_text(encoding="utf-8"))


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


async def test_the_review_s_clocks_and_briefings_are_those_worked_out_by_hand(twice: tuple[dict[str, Any], dict[str, Any]]) -> None:
    report = twice[0]
    reported = {(clock["event"], clock["clock"], clock["due"], clock["state"]): clock["closed_by"] for clock in report["clocks"]}
    briefed = {(one["date"], one["agency"], one["worker"]) for one in report["briefings"] if one["because"].startswith("briefing: ")}

    for clock in EXPECTED["clocks"]:
        found = (clock["event"], clock["clock"], clock["due"], clock["state"])
        assert found in reported, clock
        assert "closed_by" not in clock or reported[found] == clock["closed_by"], clock
    for one in EXPECTED["briefings"]:
        assert any(found[:2] == (one["date"], one["agency"]) and one.get("worker") in {None, found[2]} for found in briefed), one
    assert {clock["state"] for clock in report["clocks"]} == {"met", "missed", "open"}
    assert {clock["reason"] for clock in report["clocks"] if clock["state"] == "missed"} == {"unknown"}, "nobody has said why (CLK-14)"


async def test_every_answer_that_nobody_gave_was_asked_of_each_in_turn_and_ends_with_nobody_left(
    twice: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    chased = twice[0]["escalations"]
    of_the_chain = {"next", "duty_lead"}

    for one in chased:
        *asked, last = one["steps"]
        assert [step["at"] for step in one["steps"]] == sorted(step["at"] for step in one["steps"])
        assert all(step["taken"] for step in one["steps"] if step["role"] is not None), one
        if one["ended"] is None and one["kind"] != "briefing":
            assert one["unowned"], one
        if one["unowned"]:
            told = [step["role"] for step in one["steps"] if step["step"] in of_the_chain]
            chain = list(POLICY.kind_rule(one["kind"]).chain) if one["kind"] in POLICY.kinds else told[:-1]
            if one["role"] in chain:  # who was asked first is asked on from where they stand
                chain = chain[chain.index(one["role"]) + 1 :]
            assert told == [*chain, "duty_lead"], one
            assert "unowned" in {step["step"] for step in (*asked, last)}
    with_chain = {kind for kind in {one["kind"] for one in chased} if POLICY.kind_rule(kind).chain}
    assert len(with_chain) > 10
    assert {one["kind"] for one in chased if one["unowned"]} >= with_chain


async def test_the_review_s_notices_say_nothing_that_they_must_not(bus: Supervisor, twice: object) -> None:
    async with wired(bus.settings) as wiring, wiring.engine.reading() as connection:
        found = await connection.exec_driver_sql("SELECT max(exercise) FROM chronicle_obligation WHERE case_id LIKE 'child-bi%'")
        taken = [one.notice for one in await taken_notices(wiring.engine, found.scalar_one())]
    died = datetime(2021, 11, 14, tzinfo=UTC)
    lists = [(notice, child) for notice in taken for child in notice.children if child.ref == "child_bi"]

    assert len(taken) > 1_000
    assert lists
    for notice, child in lists:
        told_at = notice.step.at if notice.step else notice.obligation.since
        assert in_uk(told_at).date() >= date(2021, 10, 3), "NOT-20"
        assert told_at < died or child.died is not None, "NOT-26"
    for notice in taken:
        if notice.obligation.agency in {"probation", "prison"}:
            said = notice.model_dump_json(exclude_defaults=True).lower()
            assert [word for word in ("child_bi", "child bi", "birth", "pregnan", "death", "died") if word in said] == [], "NOT-02, ANO-02"
        if notice.obligation.source_id == "CB-045":
            for words in notice.narrative:
                assert words.observed_first_hand is not True, "VOI-02"
                assert words.said_by is not SaidBy.PROFESSIONAL, "VOI-02"
    assert any(notice.narrative for notice in taken if notice.obligation.source_id == "CB-045")


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


CLOCKS = Path(__file__).parents[1] / "data" / "clocks"


async def test_a_scenario_with_clocks_that_nobody_has_seen_comes_out_as_a_computation_that_shares_no_code_with_the_bus(
    bus: Supervisor,
) -> None:
    report = await play(bus.settings, CLOCKS)

    found = reported_clocks(report)
    assert found == expected_clocks(CLOCKS, last_moment(CLOCKS, RUNS_ON))
    assert len(found) > 20
    assert {state for _, _, _, state, _, _ in found} == {"met", "missed", "open"}
    assert ("AL-01", "ppn_face_to_face", "2026-01-08", "missed", "AL-03", "") in found, "a telephone call is no visit (PPN-05)"


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
