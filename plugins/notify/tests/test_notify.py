"""Telling an agency that something waits: three ways, nothing of what it is, and what becomes of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alertbus_notify import GovukNotify, NotifySettings, Postbox
from pydantic import SecretStr, ValidationError

from alertbus.delivery.channels.plugged import PluggedChannel
from alertbus.delivery.outcome import HANDED_OVER, Outcome, Trouble
from alertbus.plugin import Arrived, GivenUp, Message
from alertbus.plugin.manager import Plugins
from alertbus.plugin.transports import FROM_AN_OPERATOR
from tests.fake_notify import EMAIL_TEMPLATE, KEY, LETTER_TEMPLATE, SMS_TEMPLATE, FakeNotify, fake_notify

LINK = "https://desk.county.example/"
CANARY = "Zeb Quillfeather"
MESSAGE = Message(media_type="application/json", body=CANARY.encode(), filename="n.json", headers={"x": CANARY}, idempotency_key="notice-1")
TO = {
    "email": ("duty@nursery.example", EMAIL_TEMPLATE),
    "sms": ("07700 900123", SMS_TEMPLATE),
    "letter": (["The duty team", "1 Example Street", "ZZ99 9ZZ"], LETTER_TEMPLATE),
}


def given(by: str = "email", **changes: Any) -> dict[str, Any]:
    to, template = TO[by]
    return {"by": by, "to": to, "template": template, "link": LINK, "api_key": KEY, **changes}


@pytest.fixture
async def notify() -> AsyncIterator[FakeNotify]:
    async with fake_notify() as fake:
        yield fake


def channel(fake: FakeNotify, by: str = "email") -> PluggedChannel:
    return PluggedChannel(GovukNotify(), NotifySettings.model_validate(given(by, url=fake.url)))


@pytest.mark.parametrize("by", TO)
async def test_an_agency_is_told_that_something_waits_and_never_what(by: str, notify: FakeNotify) -> None:
    assert await channel(notify, by).send(MESSAGE, "nursery.1") == HANDED_OVER

    (sent,) = notify.sent
    assert (sent["path"], sent["template_id"], sent["reference"]) == (f"/v2/notifications/{by}", TO[by][1], "notice-1")
    assert sent["personalisation"]["link"] == LINK
    assert set(sent["personalisation"]) == {"link"} | ({f"address_line_{n}" for n in (1, 2, 3)} if by == "letter" else set())
    assert not [said for said in notify.raw if "Quillfeather" in said or "json" in json.dumps(sent)]


async def test_a_notice_that_is_sent_again_is_told_of_once_and_one_that_was_lost_again(notify: FakeNotify) -> None:
    way = channel(notify)
    await way.send(MESSAGE, "nursery.1")
    assert await way.send(MESSAGE, "nursery.1") == HANDED_OVER
    assert len(notify.sent) == 1

    notify.became["notice-1"] = ["permanent-failure"]
    await way.send(MESSAGE, "nursery.1")
    assert len(notify.sent) == 2


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Outcome(Trouble.REFUSED)),
        (401, Outcome(Trouble.NOT_LET_IN)),
        (403, Outcome(Trouble.NOT_LET_IN)),
        (429, Outcome(Trouble.BUSY)),
        (500, Outcome(Trouble.SERVER_ERROR)),
        (503, Outcome(Trouble.UNREACHABLE)),
    ],
)
async def test_what_notify_answers_decides_whether_it_is_tried_again(status: int, outcome: Outcome, notify: FakeNotify) -> None:
    notify.status = status

    assert await channel(notify).send(MESSAGE, "nursery.1") == outcome


async def test_a_notify_that_is_not_there_is_tried_again() -> None:
    away = PluggedChannel(GovukNotify(), NotifySettings.model_validate(given(url="http://127.0.0.1:1")))

    assert await away.send(MESSAGE, "nursery.1") == Outcome(Trouble.UNREACHABLE)


async def test_what_became_of_it_is_an_answer_of_the_carrier(notify: FakeNotify) -> None:
    notify.became = {
        "delivered": ["delivered"],
        "posted": ["received"],
        "gone": ["permanent-failure"],
        "off": ["temporary-failure"],
        "broken": ["technical-failure"],
        "again": ["permanent-failure", "delivered"],
        "on its way": ["permanent-failure", "sending"],
        "waits": ["created"],
        "a word of tomorrow": ["something-new"],
    }

    assert await channel(notify).track([*notify.became, "never sent"]) == {
        "delivered": Arrived(),
        "posted": Arrived(),
        "gone": GivenUp("gone"),
        "off": GivenUp("off"),
        "broken": GivenUp("broken"),
        "again": Arrived(),
    }


async def test_several_threads_use_it_at_once(notify: FakeNotify) -> None:
    box = Postbox(NotifySettings.model_validate(given(url=notify.url)))
    messages = [MESSAGE.model_copy(update={"idempotency_key": f"notice-{n}"}) for n in range(20)]

    await asyncio.gather(*(asyncio.to_thread(box.send, message, "nursery.1") for message in messages))
    box.close()

    assert sorted(sent["reference"] for sent in notify.sent) == sorted(m.idempotency_key for m in messages)


async def test_least_knowledge_an_address_reaches_no_log(
    notify: FakeNotify, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    notify.status = 400
    await channel(notify).send(MESSAGE, "nursery.1")

    said = capfd.readouterr()
    assert "nursery.example" not in caplog.text + said.out + said.err


@pytest.mark.parametrize(
    ("by", "to"),
    [
        ("email", "no address"),
        ("email", ["a@b.example", "c@d.example"]),
        ("email", "07700 900123"),
        ("sms", "duty@nursery.example"),
        ("sms", "12"),
        ("letter", ["1 Example Street", "ZZ99 9ZZ"]),
        ("letter", ["The duty team", "1 Example Street", "Exampleton"]),
        ("letter", ["a", "b", "c", "d", "e", "f", "g", "ZZ99 9ZZ"]),
        ("letter", ["a", " ", "ZZ99 9ZZ"]),
    ],
)
def test_an_address_must_fit_the_way(by: str, to: object) -> None:
    with pytest.raises(ValidationError) as refused:
        NotifySettings.model_validate(given(by, to=to))

    assert [error["loc"] for error in refused.value.errors()] == [("to",)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("link", "http://desk.county.example/"),
        ("link", "https://desk.county.example/?alert=1"),
        ("link", "https://user:word@desk.county.example/"),
        ("url", "http://api.example/"),
        ("template", "not an id"),
        ("api_key", SecretStr("short")),
        ("by", "pigeon"),
        ("colour", "red"),
    ],
)
def test_what_is_set_wrongly_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        NotifySettings.model_validate(given() | {field: value})


def test_the_key_stands_in_a_file_and_never_in_the_settings(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text(KEY + "\n", encoding="utf-8")
    stated = {name: value for name, value in given().items() if name != "api_key"}

    read = NotifySettings.model_validate(stated | {"api_key_file": str(key)}, context=FROM_AN_OPERATOR)
    assert read.api_key.get_secret_value() == KEY
    assert KEY not in repr(read)
    with pytest.raises(ValidationError):
        NotifySettings.model_validate(given(), context=FROM_AN_OPERATOR)


def test_the_bus_takes_it_as_a_channel() -> None:
    assert isinstance(Plugins.load().transports["notify"], GovukNotify)
