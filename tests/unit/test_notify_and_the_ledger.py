"""The whole way by GOV.UK Notify: from the ledger to the agency's address, and what Notify says became of it, back to the ledger."""

from pathlib import Path

import pytest

from alertbus.channel_settings import ChannelSettings
from alertbus.delivery.channels import plugged_channels
from alertbus.delivery.ledger.tables import LedgerState
from alertbus.delivery.outcome import Trouble
from alertbus.intake.returns import Returns
from alertbus.plugin import Message
from alertbus.plugin.manager import Plugins
from tests.fake_notify import EMAIL_TEMPLATE, KEY, FakeNotify, fake_notify
from tests.unit.test_plugged_channels import NOON, database
from tests.unit.test_returns import Answers, handed_over, state_of

AGENCY = "health_visiting"


def way(fake: FakeNotify, folder: Path) -> dict[str, ChannelSettings]:
    key = folder / "key"
    key.touch(mode=0o600)
    key.write_text(KEY)
    told = {"by": "email", "to": "duty@agency.example", "template": EMAIL_TEMPLATE, "link": "https://desk.county.example/"}
    return {AGENCY: ChannelSettings(channel="notify", settings={**told, "url": fake.url, "api_key_file": str(key)})}


@pytest.mark.parametrize(
    ("said", "state", "undelivered"),
    [
        ("delivered", LedgerState.ACCEPTED, []),
        ("permanent-failure", LedgerState.REFUSED, [Trouble.GIVEN_UP]),
        ("sending", LedgerState.SENT, []),
    ],
)
async def test_what_notify_cannot_deliver_is_undelivered_and_goes_to_the_next(
    said: str, state: LedgerState, undelivered: list[Trouble], tmp_path: Path
) -> None:
    async with fake_notify() as fake, database(tmp_path) as book:
        plugins, settings = Plugins.load(), way(fake, tmp_path)
        (channel,) = plugged_channels(settings, {}, plugins.transports).values()
        key = await handed_over(book)
        assert (await channel.send(Message(media_type="text/plain", body=b"", idempotency_key=key), AGENCY)).handed_over
        fake.became[key] = [said]

        await Returns(Answers(), book, plugins, {AGENCY: channel}, settings, lambda: NOON).look(AGENCY)  # type: ignore[arg-type]

        assert await state_of(book, key) is state
        assert [one.reason for one in await book.claim_undelivered(NOON, until=NOON)] == undelivered
        await channel.close()
