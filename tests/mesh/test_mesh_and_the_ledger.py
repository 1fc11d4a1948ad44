"""The whole way by MESH: from the ledger to the agency's mailbox, and its answer, or the report that nobody fetched it, back to the ledger."""

import json
from pathlib import Path

import pytest

from alertbus.channel_settings import ChannelSettings
from alertbus.delivery.channels import plugged_channels
from alertbus.delivery.channels.plugged import PluggedChannel
from alertbus.delivery.ledger.tables import LedgerState
from alertbus.delivery.outcome import Trouble
from alertbus.intake.returns import Returns
from alertbus.plugin.kit.samples import sample_notice
from alertbus.plugin.manager import Plugins
from tests.mesh.sandbox import OURS, PASSWORD, SHARED_KEY, THEIRS, Sandbox, sandbox
from tests.unit.test_plugged_channels import NOON, database
from tests.unit.test_returns import Answers, handed_over, state_of


@pytest.fixture
def mesh() -> Sandbox:
    found = sandbox()
    found.empty()
    return found


def way(mesh: Sandbox, folder: Path) -> tuple[dict[str, ChannelSettings], dict[str, PluggedChannel]]:
    for name, secret in (("password", PASSWORD), ("key", SHARED_KEY)):
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(secret)
    given = {
        "url": mesh.url,
        "mailbox": OURS,
        "recipient": THEIRS,
        "password_file": str(folder / "password"),
        "shared_key_file": str(folder / "key"),
    }
    settings = {"health_visiting": ChannelSettings(channel="mesh", settings=given)}
    (channel,) = plugged_channels(settings, {}, Plugins.load().transports).values()
    return settings, {"health_visiting": channel}


def answer_to(key: str) -> bytes:
    header = {"resourceType": "MessageHeader", "response": {"identifier": key, "code": "ok"}}
    return json.dumps({"resourceType": "Bundle", "type": "message", "entry": [{"resource": header}]}).encode()


async def test_a_health_agencys_answer_comes_back_and_is_acknowledged_only_after_the_bus_has_it(mesh: Sandbox, tmp_path: Path) -> None:
    plugins = Plugins.load()
    async with database(tmp_path) as book:
        settings, channels = way(mesh, tmp_path)
        channel = channels["health_visiting"]
        message = plugins.render(sample_notice(), plugins.adapter_for("health"))
        for _ in range(2):  # the worker died before it had noted the first
            assert (await channel.send(message, "health_visiting")).handed_over
        key = await handed_over(book)
        with mesh.agency() as theirs:
            assert len(theirs.list_messages()) == 1
            theirs.send_message(OURS, answer_to(key), workflow_id="SAFEGUARDING_ALERT_ACK", content_type="application/fhir+json")

        answers = Answers()
        await Returns(answers, book, plugins, channels, settings, lambda: NOON).look("health_visiting")  # type: ignore[arg-type]

        assert [(plugin, agency) for plugin, _, agency in answers.taken] == [("health", "health_visiting")]
        assert await state_of(book, key) is LedgerState.ACCEPTED
        with mesh.agency(OURS) as ours:
            assert ours.list_messages() == []
        await channel.close()


async def test_what_nobody_fetched_is_undelivered_and_goes_to_the_next(mesh: Sandbox, tmp_path: Path) -> None:
    async with database(tmp_path) as book:
        settings, channels = way(mesh, tmp_path)
        key = await handed_over(book)
        about = {"mailbox_id": OURS, "code": "14", "description": "not collected", "workflow_id": "SAFEGUARDING_ALERT", "local_id": key}
        mesh.admin("report", about)

        await Returns(Answers(), book, Plugins.load(), channels, settings, lambda: NOON).look("health_visiting")  # type: ignore[arg-type]

        assert await state_of(book, key) is LedgerState.REFUSED
        assert [one.reason for one in await book.claim_undelivered(NOON, until=NOON)] == [Trouble.GIVEN_UP]
        with mesh.agency(OURS) as ours:
            assert ours.list_messages() == []
        await channels["health_visiting"].close()
