"""The rules for what an adapter says of a family where it should say nothing: outside the body, and when it fails. Platinum.

What is sought are the values of the very notice that was shown: names, labels, numbers, addresses, birth dates, and words that were said.
"""

from collections.abc import Iterator

from alertbus.model.notice import Message
from alertbus.plugin.kit.blame import raised_at
from alertbus.plugin.kit.conformance import everything_said_by, must
from alertbus.plugin.kit.invented import full_notice
from alertbus.plugin.kit.looking import looked_at
from alertbus.plugin.kit.personal_values import stands_in, values_of
from alertbus.plugin.protocols import Adapter


def outside_is_bare(adapter: Adapter) -> None:
    for look in looked_at(adapter).looks:
        if look.made is None or look.what.startswith("mixed"):
            continue
        values = values_of(look.notice)
        for place, text in _outside(look.made):
            must(not stands_in(text, values), f"{look.what}: personal data in the {place}")


def errors_are_bare(adapter: Adapter) -> None:
    """It may render a notice of impossible shape or raise, but its error may hold nothing personal: not in its text, its notes, the name of
    its class, nor in what it is chained to.
    """
    values = values_of(full_notice())
    for look in looked_at(adapter).hopeless:
        if look.raised is not None:
            place = raised_at(look.raised)
            how = f"an error{f' raised at {place}' if place else ''} repeats personal data of the notice that it is about"
            must(not stands_in(everything_said_by(look.raised), values), how)


def _outside(message: Message) -> Iterator[tuple[str, str]]:
    yield "file name", message.filename
    yield "media type", message.media_type
    yield "idempotency key", message.idempotency_key
    for name, value in message.headers.items():
        yield "name of a header", name
        yield f"header {name}", value
