"""What an agency's system writes back beside its status: read by its plugin, bounded, and never taken for more than it says."""

import time
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.delivery.outcome import ACCEPTED, Outcome, Reply, Trouble
from alertbus.delivery.replies import Remark, Replies, speaks
from alertbus.model.notice import Message, Notice
from alertbus.model.receipt import Intent, Stage
from alertbus.plugin import ReceiptGiven, UnreadableMessage
from alertbus.plugin.manager import Plugins, offer

KEY = "3b6f1f0e-58a7-5c1b-9d3e-0a6a4a1f2b3c"


class Silent:
    """An adapter that reads no replies."""

    name = sector = "health"
    contract = 1
    formats: Sequence[str] = ("application/fhir+json",)

    def render(self, notice: Notice) -> Message:
        return Message(media_type="application/fhir+json", body=notice.id.encode())


class Reader(Silent):
    """One that reads them as it is told."""

    def __init__(self, read: Callable[[bytes], ReceiptGiven]) -> None:
        self.asked: list[bytes] = []
        self._read = read

    def parse_receipt(self, raw: bytes) -> ReceiptGiven:
        self.asked.append(raw)
        return self._read(raw)


def saying(stage: Stage, key: str = "") -> Reader:
    return Reader(lambda _: ReceiptGiven(key, stage, by="R. Postholder", intent=Intent.ACTING))


def replies(adapter: Silent) -> Replies:
    return Replies(Plugins({"under-test": offer(adapters=[adapter])}))


async def judged(adapter: Silent, reply: Reply | None = None, outcome: Outcome | None = None) -> tuple[str | None, str | None]:
    given = outcome or Outcome(reply=reply or Reply(b"{}", "application/fhir+json; charset=utf-8"))
    found = await replies(adapter).judged(given, "health", KEY)
    return found.trouble, found.remark


@pytest.mark.parametrize("key", ["", KEY, KEY.upper()])
@pytest.mark.parametrize(
    ("stage", "trouble"),
    [
        (Stage.REFUSED, Trouble.REFUSED_IN_REPLY),
        (Stage.FAILED, Trouble.BUSY),
        (Stage.ACCEPTED, None),
        (Stage.SEEN, None),
        (Stage.ACKNOWLEDGED, None),
    ],
)
async def test_what_the_reply_says_counts_before_the_status(stage: Stage, trouble: Trouble | None, key: str) -> None:
    assert await judged(saying(stage, key)) == (trouble, None)


async def test_a_reply_to_another_message_refuses_nothing_and_is_noted() -> None:
    assert await judged(saying(Stage.REFUSED, "another")) == (None, Remark.OF_ANOTHER)


async def test_nothing_is_read_where_the_status_said_no_or_nothing_was_written_or_the_plugin_reads_none() -> None:
    reader = saying(Stage.REFUSED)

    assert await judged(reader, outcome=Outcome(Trouble.BUSY, reply=Reply(b"{}"))) == (Trouble.BUSY, None)
    assert await judged(reader, outcome=ACCEPTED) == (None, None)
    assert await judged(Silent()) == (None, None)
    assert reader.asked == []


def unreadable(_: bytes) -> ReceiptGiven:
    raise UnreadableMessage(("resourceType", "a Bundle"))


def broken(raw: bytes) -> ReceiptGiven:
    raise RuntimeError(raw)


@pytest.mark.parametrize("read", [unreadable, broken, lambda _: None], ids=["unreadable", "broken", "not a receipt"])
async def test_a_reply_that_cannot_be_read_leaves_the_status_and_is_noted(read: Callable[[bytes], ReceiptGiven]) -> None:
    assert await judged(Reader(read)) == (None, Remark.NOT_READ)


@pytest.mark.parametrize(
    "reply", [Reply(None, "application/fhir+json"), Reply(b"<p>Sign in", "text/html")], ids=["too long", "another form"]
)
async def test_a_reply_that_is_too_long_or_in_another_form_is_not_shown_to_the_plugin(reply: Reply) -> None:
    reader = saying(Stage.REFUSED)

    assert (await judged(reader, reply), reader.asked) == ((None, Remark.NOT_READ), [])


async def test_a_plugin_that_hangs_on_replies_is_left_alone_after_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alertbus.delivery.replies._READ_WITHIN_S", 0.01)
    reader = Reader(lambda _: time.sleep(0.2) or ReceiptGiven(KEY, Stage.ACCEPTED))
    all_ = replies(reader)

    found = [await all_.judged(Outcome(reply=Reply(b"{}", "application/json")), "health", KEY) for _ in range(5)]

    assert ({one.remark for one in found}, len(reader.asked)) == ({Remark.NOT_READ}, 2)


@given(st.binary())
def test_a_reply_shows_nothing_of_itself_where_it_is_logged(body: bytes) -> None:
    assert repr(Outcome(reply=Reply(b"CANARY" + body, "text/plain"))).count("CANARY") == 0


@pytest.mark.parametrize(
    ("formats", "media_type", "fits"),
    [
        (("application/fhir+json",), "application/fhir+json; charset=utf-8", True),
        (("application/fhir+json",), "application/json", True),
        (("application/json",), "application/problem+json", True),
        (("application/fhir+json",), "", True),
        (("application/fhir+json",), "application/octet-stream", True),
        (("application/fhir+json",), "text/html", False),
        (("text/plain",), "Text/Plain; charset=x", True),
        (("text/plain",), "application/json", False),
    ],
)
def test_which_replies_an_adapter_may_be_shown(formats: Sequence[str], media_type: str, fits: bool) -> None:
    adapter = Silent()
    adapter.formats = formats

    assert speaks(adapter, media_type) is fits
