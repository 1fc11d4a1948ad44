"""GOV.UK Notify: its own client, against a stand-in on this machine. Nothing of a notice goes along but its id."""

import asyncio
from collections.abc import Iterator, Mapping
from functools import cache

from alertbus_notify import GovukNotify, NotifySettings

from alertbus.delivery.channels.plugged import PluggedChannel
from alertbus.delivery.outcome import HANDED_OVER
from alertbus.plugin import Message
from alertbus.plugin.plain import Plain
from alertbus.plugin.testing import CANARIES
from tests.fake_notify import EMAIL_TEMPLATE, KEY, fake_notify
from tests.sectors.frame import Case, notices

SECTOR_CHECK = "GOV.UK Notify's own client against a stand-in (Notify publishes none): nothing of a notice goes along but its id"

LINK = "https://desk.county.example/"


def cases() -> Iterator[Case]:
    for name, _ in notices():
        yield name, lambda name=name: _see(name)  # type: ignore[misc]


def _see(name: str) -> None:
    faults = _told()[name]
    assert not faults, faults


@cache
def _told() -> Mapping[str, list[str]]:
    """What is wrong with what was sent of each notice; each is sent once, by one stand-in for all."""
    return asyncio.run(_tell_all())


async def _tell_all() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    async with fake_notify() as fake:
        given = {"by": "email", "to": "duty@nursery.example", "template": EMAIL_TEMPLATE, "link": LINK, "api_key": KEY, "url": fake.url}
        way = PluggedChannel(GovukNotify(), NotifySettings.model_validate(given))
        for number, (name, notice) in enumerate(notices()):
            message: Message = Plain().render(notice).model_copy(update={"idempotency_key": f"notice-{number}"})
            fake.sent.clear()
            fake.raw.clear()
            faults = [] if await way.send(message, "nursery.1") == HANDED_OVER else ["not handed over"]
            said = "\n".join(fake.raw)
            faults += [
                f"it repeats {word}" for word in (*CANARIES, notice.title, notice.obligation.kind, notice.deed.value) if word in said
            ]
            if [sent["personalisation"] for sent in fake.sent] != [{"link": LINK}] or fake.sent[0]["reference"] != f"notice-{number}":
                faults.append("not one template with one link, and the notice's id as its reference")
            found[name] = faults
        await way.close()
    return found
