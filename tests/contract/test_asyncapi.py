"""The AsyncAPI document of the topics: AsyncAPI's own parser accepts it, and it says what stands on a topic, no more and no less."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from alertbus.audit.chain import AuditRecord
from alertbus.broker.acls import shipped_rights
from alertbus.broker.topics import TOPICS
from alertbus.model.events import Tick
from alertbus.wire import records
from alertbus.wire.asyncapi import topics_described
from alertbus.wire.words import TABLE

HERE = Path(__file__).parent / "asyncapi"
KEPT = Path(__file__).parents[2] / ".venv" / "asyncapi"
DESCRIBED: Mapping[str, Any] = topics_described(shipped_rights(), AuditRecord)


@pytest.fixture(scope="module")
def parser() -> Path:
    """Where the parser lies, fetched once as its lock file says it."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.fail("AsyncAPI's parser runs on Node: apt-get install npm")
    KEPT.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, KEPT / name)
    if not (KEPT / "node_modules" / ".package-lock.json").exists():
        subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=KEPT, check=True)
    shutil.copy(HERE / "parse.mjs", KEPT / "parse.mjs")
    return KEPT


def _read(document: Mapping[str, Any], parser: Path) -> dict[str, Any]:
    done = subprocess.run(
        ["node", "parse.mjs"], cwd=parser, input=yaml.safe_dump(dict(document)).encode(), capture_output=True, check=True, timeout=120
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_parser_of_asyncapi_accepts_the_published_document(parser: Path) -> None:
    published = yaml.safe_load((Path(__file__).parents[2] / "schemas" / "asyncapi.yaml").read_text("utf-8"))
    found = _read(published, parser)
    assert found["wrong"] == []
    assert found["channels"] == len(TOPICS)
    assert found["messages"] == len(TABLE)
    assert found["operations"] == len(published["operations"])


def test_the_parser_finds_an_action_that_nobody_knows_and_a_reference_to_nothing(parser: Path) -> None:
    broken = json.loads(json.dumps(DESCRIBED))
    broken["operations"]["stream-reads-alerts"]["action"] = "listen"
    broken["operations"]["stream-writes-notices"]["channel"]["$ref"] = "#/channels/nowhere"
    assert len(_read(broken, parser)["wrong"]) >= 2


def test_every_topic_and_every_word_of_the_bus_stands_in_the_document() -> None:
    channels = DESCRIBED["channels"]
    assert {channel["address"] for channel in channels.values()} == {topic.name for topic in TOPICS}
    for type_, on in TABLE.items():
        names = [message["$ref"].rpartition("/")[2] for message in channels[on.topic.removeprefix("alertbus.")]["messages"].values()]
        assert type_.removeprefix("uk.alertbus.") in names


def test_no_part_reads_or_writes_more_in_the_document_than_its_rights_at_kafka_allow() -> None:
    said = {operation["summary"] for operation in DESCRIBED["operations"].values()}
    assert "delivery writes alertbus.receipts" in said
    assert "delivery reads alertbus.cases" not in said
    assert "chronicle writes alertbus.items" not in said


def test_a_record_as_the_bus_writes_it_keeps_to_its_message() -> None:
    at = Tick.model_validate({"case_id": "c", "since": "2026-03-02T09:00:00Z", "at": "2026-03-02T09:00:01Z"})
    record = records.ticked("case-7", at.since, at.at)
    name = Tick.type.removeprefix("uk.alertbus.")
    message = DESCRIBED["components"]["messages"][name]
    within = {"components": DESCRIBED["components"]}
    headers = {key: value.decode() for key, value in record.headers}
    jsonschema.Draft7Validator(message["headers"]).validate(headers)
    jsonschema.Draft7Validator(message["payload"] | within).validate(json.loads(record.value or b""))
    wrong = jsonschema.Draft7Validator(message["payload"] | within).iter_errors({"case_id": "case-7"})
    assert {error.validator for error in wrong} == {"required"}
