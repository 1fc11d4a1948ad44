"""What stands on the topics about a case of which a run has lost or doubled something, in the order in which it was written: for whoever must
find out why. Reads only.
"""

import re
from collections.abc import Collection, Iterator, Sequence

from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.broker.record import Received
from alertbus.model.events import NOTICE_OWED, AlertReachedCase, Answered, CaseChanged, NotDelivered, Tick
from alertbus.model.item import Item
from alertbus.model.notice import Notice
from alertbus.wire.reading import moment, understand
from alertbus.wire.words import words
from tests.chaos.bus import Bus
from tests.chaos.receivers import Attempt

_WORDS = words(NOTICE_OWED, AlertReachedCase.type, CaseChanged.type, Tick.type, Answered.type, NotDelivered.type, Item.type)

_NAMED = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b")

MOST = 8
"""Cases that are told of."""


async def trail_of(bus: Bus, entries: Sequence[str]) -> list[str]:
    """Lines about the cases of what these entries of a verdict name by id, those named first before others."""
    named = {name: place for place, entry in reversed(list(enumerate(entries))) for name in _NAMED.findall(entry)}
    if not named:
        return []
    by_case: dict[str, list[str]] = {}
    wanted: dict[str, int] = {}
    async for record in read_all(bus.bootstrap, [topics.CASE_EVENTS, topics.NOTICES, topics.ITEMS]):
        word = understand(record, _WORDS).word
        if isinstance(word, Notice):
            case_id, about = word.obligation.case_id, {word.id, word.obligation.id}
        elif isinstance(word, CaseChanged):
            case_id, about = word.case.id, set()
        elif isinstance(word, AlertReachedCase | Tick | Answered | NotDelivered | Item):
            case_id, about = word.case_id, set()
        else:
            continue
        by_case.setdefault(case_id, []).append(_line(record, word))
        if places := [named[one] for one in about & named.keys()]:
            wanted[case_id] = min([*places, wanted.get(case_id, len(entries))])
    first = sorted(wanted, key=lambda case_id: wanted[case_id])[:MOST]
    return [*(line for case_id in first for line in by_case[case_id]), *_attempts(bus.receivers.attempts, named)]


def _line(record: Received, word: object) -> str:
    said = word.model_dump_json(exclude_defaults=True) if isinstance(word, Tick | Answered | NotDelivered) else _short(word)
    return f"{record.topic}/{record.partition}/{record.offset} {moment(record.timestamp):%H:%M:%S.%f} {type(word).__name__} {said}"


def _short(word: object) -> str:
    match word:
        case Notice(obligation=owed):
            step = "" if word.step is None else f" step {word.step.kind} {word.step.at:%H:%M:%S.%f}"
            return f"{word.id} {word.deed} of {owed.id} to {owed.agency}, {owed.role}, since {owed.since:%H:%M:%S.%f}{step}"
        case AlertReachedCase():
            return f"statement {word.alert.statement_id} of {word.alert.alert_id}, {word.alert.alert.kind} at {word.alert.at:%H:%M:%S.%f}"
        case CaseChanged():
            return f"version {word.case.version} known at {word.case.known_at}"
        case Item():
            return f"{word.id} {word.rule} {word.state} at {word.at:%H:%M:%S.%f}{' unowned' if word.unowned else ''}"
        case _:
            return ""


def _attempts(attempts: Collection[Attempt], named: Collection[str]) -> Iterator[str]:
    for one in attempts:
        if one.key in named:
            yield f"attempt {one.key} at {one.agency}: {one.manner}, answered {one.status}, processed {one.processed}"
