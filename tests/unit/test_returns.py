"""What comes back by a channel of a plugin's: receipts, and what a carrier says of messages it was given."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from alertbus.channel_settings import ChannelSettings
from alertbus.delivery import rebuild
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.recording import HandOn
from alertbus.delivery.ledger.rows import Settlement
from alertbus.delivery.ledger.tables import LedgerState, ledger
from alertbus.delivery.outcome import Trouble
from alertbus.intake.acknowledgements import AnswerIntake
from alertbus.intake.callers import Caller
from alertbus.intake.returns import Returns
from alertbus.model.errors import BrokerUnavailable, NotUnderstood
from alertbus.model.notice import Message
from alertbus.model.receipt import Stage
from alertbus.plugin import Arrived, GivenUp, Letter, ReceiptGiven, UnreadableMessage
from alertbus.plugin.kit.samples import sample_notice
from alertbus.plugin.manager import Plugins, offer
from tests.unit.test_plugged_channels import MESSAGE, NOON, Pigeons, channel, database


async def handed_over(book: Ledger, agency: str = "health_visiting") -> str:
    """A notice that a carrier has."""
    notice = sample_notice()
    notice = notice.model_copy(update={"obligation": notice.obligation.model_copy(update={"agency": agency})})
    leased = await book.record([notice], NOON, bodies=[notice.model_dump_json().encode()], hand_on=HandOn("worker", frozenset({notice.id})))
    await book.settle([Settlement(one, LedgerState.SENT) for one in leased], NOON)
    return notice.id


class Post(Pigeons):
    """A transport with a way back."""

    def __init__(self, *came: Letter | GivenUp, **known: Arrived | GivenUp) -> None:
        super().__init__()
        self.came, self.known, self.confirmed, self.asked = list(came), known, [], []  # type: ignore[var-annotated]

    def collect(self) -> Sequence[Letter | GivenUp]:
        return self.came

    def confirm(self, key: str) -> None:
        self.confirmed.append(key)

    def track(self, keys: Sequence[str]) -> Mapping[str, Arrived | GivenUp]:
        self.asked += keys
        return self.known


class Reader:
    name = sector = "health"
    contract = 1
    formats = ("text/plain",)

    def render(self, notice: Any) -> Message:
        return MESSAGE

    def parse_receipt(self, raw: bytes) -> ReceiptGiven:
        if raw == b"?":
            raise UnreadableMessage(("", "a key"))
        key, _, stage = raw.decode().partition(" ")
        return ReceiptGiven(key, Stage(stage or "seen"))


class Answers:
    """Takes receipts as the gateway does, or is away."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.taken: list[tuple[str, bytes, str | None]] = []
        self._fault = fault

    async def receipt(self, plugin: str, raw: bytes, caller: Caller) -> None:
        if self._fault is not None:
            raise self._fault
        self.taken.append((plugin, raw, caller.agency))


def returns(book: Ledger, post: Post, answers: Answers, agency: str = "health_visiting") -> Returns:
    settings = {agency: ChannelSettings(channel="pigeon")}
    plugins = Plugins({"reader": offer(adapters=[Reader()])})
    given: Any = answers
    taking: AnswerIntake = given
    return Returns(taking, book, plugins, {agency: channel(post)}, settings, lambda: NOON)


async def state_of(book: Ledger, notice_id: str) -> LedgerState:
    entry = await book.find(notice_id)
    assert entry is not None
    return entry.state


async def test_a_letter_goes_the_way_of_a_receipt_and_is_confirmed_only_then(tmp_path: Path) -> None:
    async with database(tmp_path) as book:
        key = await handed_over(book)
        post = Post(Letter("L1", key.encode(), "health"))

        await returns(book, post, away := Answers(BrokerUnavailable("away"))).look("health_visiting")
        assert (away.taken, post.confirmed) == ([], [])

        await returns(book, post, answers := Answers()).look("health_visiting")
        assert answers.taken == [("health", key.encode(), "health_visiting")]
        assert post.confirmed == ["L1"]


@pytest.mark.parametrize(
    ("stage", "state", "why"),
    [
        ("accepted", LedgerState.ACCEPTED, None),
        ("seen", LedgerState.ACCEPTED, None),
        ("refused", LedgerState.REFUSED, Trouble.REFUSED_LATER),
        ("failed", LedgerState.SENT, None),
    ],
)
async def test_what_the_agencys_system_wrote_back_counts_for_the_ledger_too(
    tmp_path: Path, stage: str, state: LedgerState, why: Trouble | None
) -> None:
    async with database(tmp_path) as book:
        key = await handed_over(book)
        await returns(book, Post(Letter("L1", f"{key} {stage}".encode(), "health")), Answers()).look("health_visiting")
        assert await state_of(book, key) is state
        assert [one.reason for one in await book.claim_undelivered(NOON, until=NOON)] == ([why] if why else [])


@pytest.mark.parametrize("letter", [Letter("L1", b"?", "health"), Letter("L1", b"no-such", "health"), Letter("L1", b"x", "nobodys")])
async def test_what_cannot_be_read_or_is_not_ours_stays_where_it_is(tmp_path: Path, letter: Letter) -> None:
    async with database(tmp_path) as book:
        post = Post(letter)
        await returns(book, post, answers := Answers()).look("health_visiting")
        assert (answers.taken, post.confirmed) == ([], [])


async def test_what_the_gateway_does_not_take_stays_too_and_what_lies_behind_it_is_taken(tmp_path: Path) -> None:
    async with database(tmp_path) as book:
        key = await handed_over(book)
        post = Post(Letter("L1", b"?", "health"), Letter("L2", key.encode(), "health"))
        await returns(book, post, Answers()).look("health_visiting")
        assert post.confirmed == ["L2"]

        await returns(book, refused := Post(Letter("L3", key.encode(), "health")), Answers(NotUnderstood("no"))).look("health_visiting")
        assert refused.confirmed == []


async def test_nobody_answers_for_another_agency_through_a_box_of_its_own(tmp_path: Path) -> None:
    async with database(tmp_path) as book:
        key = await handed_over(book, "health_visiting")
        post = Post(Letter("L1", key.encode(), "health"), GivenUp(key, "L2"))
        await returns(book, post, answers := Answers(), agency="gp").look("gp")
        assert (answers.taken, post.confirmed, post.asked) == ([], [], [])
        assert await state_of(book, key) is LedgerState.SENT


@pytest.mark.parametrize("by", ["report", "tracking"])
async def test_what_a_carrier_gives_up_is_undelivered_from_then_on_and_told(tmp_path: Path, by: str) -> None:
    async with database(tmp_path) as book:
        key = await handed_over(book)
        post = Post(GivenUp(key, "R1")) if by == "report" else Post(**{key: GivenUp(key)})

        await returns(book, post, Answers()).look("health_visiting")

        assert post.confirmed == (["R1"] if by == "report" else [])
        assert await state_of(book, key) is LedgerState.REFUSED
        (told,) = await book.receipts_to_publish(NOON)
        assert (told.stage, told.detail) == (Stage.REFUSED, Trouble.GIVEN_UP)
        (claimed,) = await book.claim_undelivered(NOON, until=NOON)
        assert (claimed.leased.notice_id, claimed.reason, claimed.known) == (key, Trouble.GIVEN_UP, True)


async def test_what_has_arrived_is_accepted_and_not_asked_about_again(tmp_path: Path) -> None:
    async with database(tmp_path) as book:
        key = await handed_over(book)
        post = Post(**{key: Arrived(), "another": Arrived()})
        looking = returns(book, post, Answers())
        await looking.look("health_visiting")
        await looking.look("health_visiting")

        assert post.asked == [key]
        assert await state_of(book, key) is LedgerState.ACCEPTED
        assert [told.stage for told in await book.receipts_to_publish(NOON)] == [Stage.ACCEPTED]


@pytest.mark.parametrize("gave_up", [None, Trouble.GIVEN_UP.value, Trouble.REFUSED_LATER.value])
@pytest.mark.parametrize("batches", ["together", "apart"])
async def test_a_rebuilt_ledger_knows_what_the_carrier_said_later(tmp_path: Path, gave_up: str | None, batches: str) -> None:
    async with database(tmp_path) as book:
        key = await handed_over(book)
        sent = await book.receipts_to_publish(NOON)
        await book.note_published(sent)
        await book.learned([key], NOON + timedelta(hours=1), gave_up=gave_up)
        later = await book.receipts_to_publish(NOON + timedelta(hours=1))
        entry = await book._rows(select(ledger))
    (tmp_path / "again").mkdir()
    async with database(tmp_path / "again") as again:
        await again.record([sample_notice()], NOON, bodies=[entry[0].notice])
        for batch in [[*sent, *later]] if batches == "together" else [sent, later]:
            rows = rebuild._ends(batch)
            async with again._engine.begin() as connection:
                await rebuild.DeliveryRestore({}, Plugins({}), (), lambda: NOON).write(connection, rows)
        (restored,) = await again._rows(select(ledger))
        assert (restored.state, restored.error_class, restored.done_at) == (entry[0].state, entry[0].error_class, entry[0].done_at)
        assert restored.fallback_due == entry[0].fallback_due
