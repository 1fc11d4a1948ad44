"""The channel against NHS England's own sandbox: send, track, answer, undeliverable, pieces, and nothing twice."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from alertbus_mesh import Mesh, MeshSettings
from alertbus_mesh.exchange import Exchange, _by_status, _refused, _trouble
from alertbus_mesh.mailbox_client import MailboxClient
from mesh_client import MeshError
from pydantic import SecretStr, ValidationError

from alertbus.channel_settings import ChannelSettings
from alertbus.delivery.channels import plugged_channels
from alertbus.delivery.channels.plugged import PluggedChannel
from alertbus.delivery.outcome import Outcome, Trouble
from alertbus.model.errors import SettingsFault
from alertbus.plugin import Arrived, GivenUp, Hindrance, Letter, Message, NotTaken, Taken, TryAgain
from alertbus.plugin.kit.samples import CANARIES, sample_notice
from alertbus.plugin.manager import Plugins
from tests.mesh.sandbox import ANOTHERS, OURS, PASSWORD, SHARED_KEY, THEIRS, Sandbox, sandbox

KEY = "3b6f1f0e-58a7-5c1b-9d3e-0a6a4a1f2b3c"
MESSAGE = Message(media_type="application/fhir+json", body=b'{"resourceType": "Bundle"}', filename="bundle.json", idempotency_key=KEY)


@pytest.fixture
def mesh() -> Sandbox:
    found = sandbox()
    found.empty()
    return found


def settings(url: str, **more: Any) -> MeshSettings:
    given = {"mailbox": OURS, "recipient": THEIRS, "password": SecretStr(PASSWORD), "shared_key": SecretStr(SHARED_KEY), **more}
    return MeshSettings(url=url, **given)


@pytest.fixture
def way(mesh: Sandbox) -> Iterator[Exchange]:
    opened = Mesh().open(settings(mesh.url))
    assert isinstance(opened, Exchange)
    yield opened
    opened.close()


def inbox(mesh: Sandbox, mailbox: str = THEIRS) -> list[str]:
    with mesh.agency(mailbox) as client:
        found: list[str] = client.list_messages()
        return found


def test_what_is_sent_arrives_as_it_was_under_the_bus_s_own_key(mesh: Sandbox, way: Exchange) -> None:
    assert way.send(MESSAGE, "gp") == Taken(handed_over=True)

    with mesh.agency() as client:
        (message_id,) = client.list_messages()
        found: Any = client.retrieve_message(message_id)
        assert (found.read(), found.workflow_id, found.local_id, found.sender) == (MESSAGE.body, "SAFEGUARDING_ALERT", KEY, OURS)
        assert (found.content_type, found.filename, found.subject) == ("application/fhir+json", f"{KEY}.json", None)


def test_the_same_notice_again_is_not_sent_twice_even_by_another_process(mesh: Sandbox, way: Exchange) -> None:
    another = Mesh().open(settings(mesh.url))
    for sending in (way, way, another):
        assert sending.send(MESSAGE, "gp") == Taken(handed_over=True)
    another.close()

    assert len(inbox(mesh)) == 1


def test_least_knowledge_no_header_holds_anything_of_the_family(mesh: Sandbox, way: Exchange) -> None:
    """A real message of the health plugin, with a canary in each of its personal fields: only the body may hold them."""
    message = Plugins.load().render(sample_notice(), Plugins.load().adapter_for("health"))
    assert any(canary.encode() in message.body for canary in CANARIES)
    way.send(message.model_copy(update={"headers": {"x-name": CANARIES[0]}}), "gp")

    known = repr(mesh.message(inbox(mesh)[0]))
    assert [canary for canary in CANARIES if canary in known] == []


def test_a_long_message_goes_in_pieces_and_is_read_as_one(mesh: Sandbox) -> None:
    way = Mesh().open(settings(mesh.url, chunk_kb=1))
    long = MESSAGE.model_copy(update={"body": bytes(range(256)) * 10})
    assert way.send(long, "gp") == Taken(handed_over=True)
    way.close()

    with mesh.agency() as client:
        found: Any = client.retrieve_message(client.list_messages()[0])
        assert (found.mex_header("chunk-range"), found.read()) == ("1:3", long.body)
        found.close()


def test_one_of_which_pieces_are_missing_is_sent_anew_and_once(mesh: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies between two pieces: nobody is given what MESH has, so the notice goes again, and then no more."""
    long = MESSAGE.model_copy(update={"body": b"x" * 2500})
    way = Mesh().open(settings(mesh.url, chunk_kb=1))
    whole = MailboxClient.send_chunk

    def cut(self: MailboxClient, **given: Any) -> Any:
        if given["chunk_num"] == 2:
            raise requests.ConnectionError
        return whole(self, **given)

    monkeypatch.setattr(MailboxClient, "send_chunk", cut)
    assert way.send(long, "gp") == TryAgain(Hindrance.UNREACHABLE)
    assert inbox(mesh) == []
    monkeypatch.setattr(MailboxClient, "send_chunk", whole)

    assert [way.send(long, "gp") for _ in range(3)] == [Taken(handed_over=True)] * 3
    assert len(inbox(mesh)) == 1
    assert way.track([KEY]) == {}
    way.close()


def test_tracking_says_when_the_agency_has_fetched_it_and_when_mesh_gave_it_up(mesh: Sandbox, way: Exchange) -> None:
    other = MESSAGE.model_copy(update={"idempotency_key": "n-2"})
    for one in (MESSAGE, other):
        way.send(one, "gp")
    assert way.track([KEY, "n-2", "n-3"]) == {}

    fetched, lost = inbox(mesh)
    with mesh.agency() as client:
        client.acknowledge_message(fetched)
    mesh.admin(f"message/{lost}/event", {"status": "undeliverable", "code": "14", "event": "SEND", "description": "not collected"})

    fetched_key, lost_key = (mesh.message(one)["local_id"] for one in (fetched, lost))
    assert way.track([KEY, "n-2"]) == {fetched_key: Arrived(), lost_key: GivenUp(lost_key)}


def test_an_answer_is_fetched_and_stays_in_the_mailbox_until_the_bus_has_it(mesh: Sandbox, way: Exchange) -> None:
    with mesh.agency() as client:
        client.send_message(OURS, b"the answer", workflow_id="SAFEGUARDING_ALERT_ACK")

    (letter,) = way.collect()
    assert isinstance(letter, Letter)
    assert (letter.raw, letter.sector) == (b"the answer", "health")
    assert way.collect() == [letter]

    way.confirm(letter.key)
    way.confirm(letter.key)
    assert way.collect() == []
    assert inbox(mesh, OURS) == []


def test_a_report_of_what_was_never_fetched_names_our_message(mesh: Sandbox, way: Exchange) -> None:
    about = {"mailbox_id": OURS, "code": "14", "description": "not collected", "workflow_id": "SAFEGUARDING_ALERT", "local_id": KEY}
    report = mesh.admin("report", about)

    assert way.collect() == [GivenUp(KEY, report["message_id"])]
    way.confirm(report["message_id"])
    assert way.collect() == []


def test_what_came_by_another_workflow_or_is_too_long_is_left_alone(mesh: Sandbox, way: Exchange) -> None:
    with mesh.agency() as client:
        client.send_message(OURS, b"a letter", workflow_id="GPCONNECT_UPDATE_RECORD_ACK")
        client.send_message(OURS, b"x" * (1024 * 1024 + 1), workflow_id="SAFEGUARDING_ALERT_ACK")
        client.send_message(OURS, b"an alert to us?", workflow_id="SAFEGUARDING_ALERT")

    assert way.collect() == []
    assert len(inbox(mesh, OURS)) == 3


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"recipient": "X26NOBODY"}, TryAgain(Hindrance.NOT_LET_IN)),
        ({"password": SecretStr("wrong")}, TryAgain(Hindrance.NOT_LET_IN)),
        ({"shared_key": SecretStr("wrong")}, TryAgain(Hindrance.NOT_LET_IN)),
        ({"mailbox": "X26NOBODY"}, TryAgain(Hindrance.NOT_LET_IN)),
    ],
    ids=["no such recipient", "password", "shared key", "no such mailbox of ours"],
)
def test_a_door_that_is_shut_is_told_from_a_message_that_is_refused(mesh: Sandbox, more: dict[str, Any], outcome: TryAgain) -> None:
    way = Mesh().open(settings(mesh.url, **more))
    assert way.send(MESSAGE, "gp") == outcome
    way.close()


def test_an_empty_message_is_refused_for_good(way: Exchange) -> None:
    assert way.send(MESSAGE.model_copy(update={"body": b""}), "gp") == NotTaken()


def test_nobody_there_is_unreachable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        way = Mesh().open(settings(f"http://127.0.0.1:{closed.getsockname()[1]}"))
        assert way.send(MESSAGE, "gp") == TryAgain(Hindrance.UNREACHABLE)


def answer(status: int, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.headers.update(headers)
    return made


@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [
        (requests.ReadTimeout(), TryAgain(Hindrance.SLOW)),
        (requests.ConnectTimeout(), TryAgain(Hindrance.UNREACHABLE)),
        (requests.exceptions.ChunkedEncodingError(), TryAgain(Hindrance.CUT)),
        (requests.HTTPError(response=answer(429, **{"retry-after": "30"})), TryAgain(Hindrance.BUSY, timedelta(seconds=30))),
        (requests.HTTPError(response=answer(503)), TryAgain(Hindrance.BUSY)),
        (requests.HTTPError(response=answer(500)), TryAgain(Hindrance.SERVER_ERROR)),
        (requests.HTTPError(response=answer(413)), NotTaken()),
        (requests.HTTPError(response=answer(403)), TryAgain(Hindrance.NOT_LET_IN)),
    ],
)
def test_trouble_on_the_way_is_tried_again_and_only_a_refusal_is_final(trouble: requests.RequestException, outcome: Any) -> None:
    assert _trouble(trouble) == outcome


def test_a_refusal_is_read_by_its_code_in_both_forms_of_mesh() -> None:
    assert _refused(MeshError("m", {"errorCode": "12"})) == TryAgain(Hindrance.NOT_LET_IN)
    assert _refused(MeshError("m", {"detail": [{"code": "EPL-151"}]})) == TryAgain(Hindrance.NOT_LET_IN)
    assert _refused(MeshError("m", {"detail": [{"code": "06"}]})) == NotTaken()
    assert _refused(MeshError("m")) == NotTaken()
    assert _by_status(None) == TryAgain(Hindrance.SERVER_ERROR)


# As an operator sets it


def chosen(url: str, folder: Path, **more: Any) -> ChannelSettings:
    for name, secret in (("password", PASSWORD), ("key", SHARED_KEY)):
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(secret)
    files = {"password_file": str(folder / "password"), "shared_key_file": str(folder / "key")}
    return ChannelSettings.model_validate(
        {"channel": "mesh", "settings": {"url": url, "mailbox": OURS, "recipient": ANOTHERS, **files, **more}}
    )


async def test_it_is_found_and_set_like_any_plugin_s_channel(mesh: Sandbox, tmp_path: Path) -> None:
    given = {"gp": chosen(mesh.url, tmp_path, workflow_id="OUR_OWN")}
    (channel,) = plugged_channels(given, {}, Plugins.load().transports).values()
    assert isinstance(channel, PluggedChannel)

    assert await channel.send(MESSAGE, "gp") == Outcome(handed_over=True)
    assert await channel.collect() == []
    assert await channel.track([KEY]) == {}
    await channel.close()

    (arrived,) = inbox(mesh, ANOTHERS)
    assert mesh.message(arrived)["workflow_id"] == "OUR_OWN"


@pytest.mark.parametrize("url", ["http://mesh.example", "https://u:hunter2@mesh.example", "ftp://localhost", "mesh"])
def test_an_address_on_which_a_notice_could_be_read_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsFault, match=r"ALERTBUS_CHANNELS gp settings\.url: expected the https:// address of MESH") as fault:
        plugged_channels({"gp": chosen(url, tmp_path)}, {}, Plugins.load().transports)
    assert "hunter2" not in str(fault.value)


def test_answers_come_by_the_same_workflow_with_its_ending_unless_another_is_given() -> None:
    assert settings("http://localhost").answers_by == "SAFEGUARDING_ALERT_ACK"
    assert settings("http://localhost", workflow_id="OUR_OWN").answers_by == "OUR_OWN_ACK"
    assert settings("http://localhost", ack_workflow_id="BACK").answers_by == "BACK"
    with pytest.raises(ValidationError):
        settings("http://localhost", workflow_id="a name")


def test_a_shut_door_counts_as_trouble_that_somebody_may_mend() -> None:
    assert Trouble(Hindrance.NOT_LET_IN.value) is Trouble.NOT_LET_IN
