"""A channel of a plugin's: chosen and set by an operator, bounded in time, and harmful to nobody else when it breaks or hangs."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, SecretStr

from alertbus.channel_settings import ChannelSettings
from alertbus.delivery.channels import open_channels, plugged_channels
from alertbus.delivery.channels.plugged import ChannelHangs, PluggedChannel
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.outcome import Outcome, Reply, Trouble
from alertbus.model.errors import PluginFault, SettingsFault
from alertbus.model.notice import Message
from alertbus.plugin import (
    Hindrance,
    Letter,
    NotTaken,
    SendOutcome,
    Taken,
    TransportSettings,
    TryAgain,
    UnreadableMessage,
)
from alertbus.plugin.boundary import PluginBroke
from alertbus.plugin.kit.samples import CANARIES
from alertbus.plugin.manager import Plugins, offer
from alertbus.sql.engine import make_engine, metadata
from alertbus.waiting import eventually

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MESSAGE = Message(media_type="text/plain", body=b"x", idempotency_key="n-1")


class PigeonSettings(TransportSettings):
    loft: str = Field(pattern="^[A-Z]{3}$", description="the three capital letters of a loft")
    ring: SecretStr = Field(description="the ring's number")


class Pigeons:
    """A transport that does with a message whatever it is told."""

    name = "pigeon"
    contract = 1
    settings = PigeonSettings

    def __init__(self, sends: Callable[[], Any] = Taken, **more: Any) -> None:
        self.sends, self.opened, self.sent = sends, [], []  # type: ignore[var-annotated]
        self.closed = 0
        vars(self).update(more)

    def open(self, settings: PigeonSettings) -> "Pigeons":
        self.opened.append(settings.ring.get_secret_value())
        return self

    def send(self, message: Message, agency: str) -> SendOutcome:
        self.sent.append((message.idempotency_key, agency, threading.current_thread().daemon))
        found: SendOutcome = self.sends()
        return found

    def close(self) -> None:
        self.closed += 1


def channel(pigeons: Any, **more: Any) -> PluggedChannel:
    return PluggedChannel(pigeons, PigeonSettings(loft="ABC", ring=SecretStr("7")), **more)


def raising(error: BaseException) -> Callable[[], Any]:
    def raises() -> Any:
        raise error

    return raises


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (Taken(), Outcome()),
        (Taken(handed_over=True), Outcome(handed_over=True)),
        (Taken(reply=b"yes", media_type="text/plain"), Outcome(reply=Reply(b"yes", "text/plain"))),
        (Taken(reply=b"x" * 100_000), Outcome(reply=Reply(None, ""))),
        (NotTaken(), Outcome(Trouble.REFUSED)),
        (NotTaken(unsendable=True), Outcome(Trouble.UNSENDABLE)),
        *((TryAgain(why), Outcome(Trouble(why.value))) for why in Hindrance),
        (TryAgain(Hindrance.BUSY, timedelta(minutes=2)), Outcome(Trouble.BUSY, timedelta(minutes=2))),
        (None, Outcome(Trouble.CHANNEL)),
        (True, Outcome(Trouble.CHANNEL)),
        (TryAgain("some day"), Outcome(Trouble.CHANNEL)),  # type: ignore[arg-type]
    ],
)
async def test_what_it_says_becomes_an_outcome_of_the_bus_and_what_is_no_word_of_the_contract_counts_for_nothing(
    said: Any, outcome: Outcome
) -> None:
    pigeons = Pigeons(lambda: said)

    assert await channel(pigeons).send(MESSAGE, "gp") == outcome
    assert pigeons.sent == [("n-1", "gp", True)]


@pytest.mark.parametrize("error", [RuntimeError(CANARIES[0]), SystemExit(0), KeyboardInterrupt(), UnreadableMessage(("a", "b"))])
async def test_whatever_it_raises_is_an_outcome_and_its_words_go_nowhere(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    assert await channel(Pigeons(raising(error))).send(MESSAGE, "gp") == Outcome(Trouble.CHANNEL)
    assert CANARIES[0] not in caplog.text


async def test_one_that_hangs_is_called_no_more_than_may_run_at_once_and_another_is_not_kept_waiting() -> None:
    free = threading.Event()
    hanging = channel(stuck := Pigeons(lambda: free.wait() and Taken()), limit_s=0.05, at_once=2)
    other = channel(Pigeons())

    async with asyncio.timeout(30):
        found = [await hanging.send(MESSAGE, "gp") for _ in range(4)]
    assert found == [Outcome(Trouble.SLOW)] * 4
    assert len(stuck.sent) == 2
    assert await other.send(MESSAGE, "police") == Outcome()

    free.set()
    async with asyncio.timeout(5):
        assert await eventually(lambda: came_through(hanging), 5, 0.01)


async def came_through(way: PluggedChannel) -> bool:
    return await way.send(MESSAGE, "gp") == Outcome()


async def test_it_is_opened_once_when_first_needed_and_again_after_that_failed() -> None:
    opened: list[int] = []

    class Closed(Pigeons):
        def open(self, settings: PigeonSettings) -> Pigeons:
            opened.append(1)
            if len(opened) == 1:
                raise OSError
            return super().open(settings)

    one = channel(pigeons := Closed())

    assert [await one.send(MESSAGE, "gp") for _ in range(3)] == [Outcome(Trouble.CHANNEL), Outcome(), Outcome()]
    assert len(opened) == 2
    await one.close()
    assert pigeons.closed == 1


# What an operator sets


def chosen(folder: Path, **more: Any) -> ChannelSettings:
    ring = folder / "ring"
    ring.touch(mode=0o600)
    ring.write_text("7\n")
    return ChannelSettings.model_validate({"channel": "pigeon", "settings": {"loft": "ABC", "ring_file": str(ring)} | more})


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"loft": "Nightingale"}, "settings.loft: expected the three capital letters of a loft; mend it"),
        ({"lofd": "ABC"}, "settings.lofd: no such setting of `pigeon`; did you mean loft?"),
        ({"ring": "7", "ring_file": None}, "settings: ring: a secret stands in a file of its own; give ring_file, the path of it"),
        ({"ring_file": None}, "settings.ring_file: expected the ring's number; mend it"),
        ({"ring_file": "/nowhere"}, "settings: ring_file: expected the path of a file that this process may read"),
    ],
)
def test_settings_are_checked_at_the_start_and_a_fault_never_quotes_what_was_found(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    settings = {"gp": chosen(tmp_path, **more)}
    if more.get("ring_file", "") is None:
        del settings["gp"].settings["ring_file"]

    with pytest.raises(SettingsFault) as fault:
        plugged_channels(settings, {}, {"pigeon": Pigeons()})

    assert f"ALERTBUS_CHANNELS gp {said}" in str(fault.value)
    assert "Nightingale" not in str(fault.value)
    assert fault.value.__context__ is None


def test_a_secret_is_read_from_its_file_and_one_that_others_can_read_is_refused(tmp_path: Path) -> None:
    settings = {"gp": chosen(tmp_path)}
    assert list(plugged_channels(settings, {}, {"pigeon": Pigeons()})) == [id(settings["gp"])]

    (tmp_path / "ring").chmod(0o644)
    with pytest.raises(SettingsFault, match="nobody but its owner can read"):
        plugged_channels({}, {"night": settings["gp"]}, {"pigeon": Pigeons()})


def test_a_channel_that_nobody_offers_is_told_with_the_nearest() -> None:
    with pytest.raises(SettingsFault, match=r"ALERTBUS_CHANNELS gp: there is no such channel; did you mean pigeon\?"):
        plugged_channels({"gp": ChannelSettings(channel="pidgeon")}, {}, {"pigeon": Pigeons()})


async def test_where_a_plugin_is_set_aside_its_channel_delivers_nothing_and_every_other_runs(tmp_path: Path) -> None:
    """Not a fault that stops delivery: its agency is undelivered and escalates, as the others are told."""
    given = {"gp": ChannelSettings(channel="gone", settings={"a": 1}), "police": chosen(tmp_path)}
    async with (
        database(tmp_path) as book,
        open_channels(given, book.transactions, lambda: NOON, transports={"pigeon": Pigeons()}, some_set_aside=True) as channels,
    ):
        assert await channels.of("gp").send(MESSAGE, "gp") == Outcome(Trouble.CHANNEL)
        assert await channels.of("police").send(MESSAGE, "police") == Outcome()


@pytest.mark.parametrize(
    "given",
    [
        {"channel": "inbox", "settings": {"a": 1}},
        {"channel": "pigeon", "url": "https://a.example"},
        {"channel": "Pigeon"},
    ],
)
def test_what_no_channel_heeds_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="channel"):
        ChannelSettings.model_validate(given)


async def test_delivery_opens_it_beside_its_own_and_keeps_its_limits(tmp_path: Path) -> None:
    pigeons = Pigeons()
    async with database(tmp_path) as book:
        given = {"gp": chosen(tmp_path).model_copy(update={"at_once": 3})}
        async with open_channels(given, book.transactions, lambda: NOON, transports={"pigeon": pigeons}) as channels:
            assert await channels.of("gp.A12345").send(MESSAGE, "gp.A12345") == Outcome()
            assert (channels.at_once("gp", 8), channels.batch("gp"), channels.of("police").name) == (3, None, "inbox")
    assert (pigeons.opened, pigeons.closed) == (["7"], 1)


# What a transport must have


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "webhook"}, "the bus itself has a channel of that name"),
        ({"contract": "1"}, "`contract` is text, not a number"),
        ({"settings": dict}, "`settings` is no class of settings"),
        ({"limit_s": 0}, "`limit_s` is no number of seconds above 0"),
        ({"open": lambda: None}, "`open()` does not take what is offered"),
    ],
)
def test_a_transport_is_refused_in_words_that_say_what_to_do(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(PluginFault) as fault:
        Plugins({"p": offer(channels=[Pigeons(**changes)])})

    assert str(fault.value).startswith("agency plugin 'p', hook 'alertbus_channels', ")
    assert said in str(fault.value)


def test_two_transports_of_one_name_are_refused_and_one_stands_in_the_list() -> None:
    with pytest.raises(PluginFault, match="'a' and 'b' both offer a channel named 'pigeon'"):
        Plugins({"a": offer(channels=[Pigeons()]), "b": offer(channels=[Pigeons()])})

    assert [(row.kind, row.name, row.contract) for row in Plugins({"a": offer(channels=[Pigeons()])}).listing()] == [
        ("channel", "pigeon", 1)
    ]


@contextlib.asynccontextmanager
async def database(folder: Path) -> AsyncIterator[Ledger]:
    engine = make_engine(f"sqlite:///{folder}/ledger.db")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    try:
        yield Ledger(engine)
    finally:
        await engine.dispose()


async def test_looking_for_what_came_back_raises_what_its_caller_knows_and_a_channel_without_a_way_back_gives_nothing() -> None:
    class Back(Pigeons):
        def collect(self) -> list[Letter]:
            found: list[Letter] = self.sends()
            return found

        def confirm(self, key: str) -> None:
            raise LookupError

    free = threading.Event()
    with pytest.raises(PluginBroke, match="RuntimeError"):
        await channel(Back(raising(RuntimeError(CANARIES[0])))).collect()
    with pytest.raises(PluginBroke, match="LookupError"):
        await channel(Back()).confirm("L1")
    with pytest.raises(ChannelHangs):
        await channel(Back(lambda: [free.wait()]), limit_s=0.01).collect()
    free.set()
    assert await channel(Pigeons()).collect() == []
    assert await channel(Pigeons()).track(["n"]) == {}
