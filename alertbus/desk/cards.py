"""An inbox as people read it: one card for a family, and on it what is asked of the reader, in the order of the inbox. Pure.

What an item says comes from its notice, which is minimised for the agency. Nothing here knows more than that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alertbus.chronicle.answers import InboxItem
from alertbus.chronicle.tables import ANSWERED, ObligationState
from alertbus.desk.in_words import agency, dated, moment, role, span
from alertbus.desk.visitor import Visitor
from alertbus.model.briefing import OWN_KINDS
from alertbus.model.notice import Notice
from alertbus.model.receipt import Receipt, Stage
from alertbus.model.team import worker_ref
from alertbus.plugin.briefed import before_this
from alertbus.plugin.sections import called_in_words
from alertbus.plugin.wording import deed_line, own_word

_WITHDRAWN = "whoever sent it has taken it back. Nothing more is asked of you."


@dataclass(frozen=True, slots=True)
class TimePoint:
    """One point on the line of time: what happened, and when. `ahead`: it has not come yet; `late`: it has passed unanswered."""

    at: datetime
    what: str
    ahead: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class AskedItem:
    """One alert that waits for an answer, or has one."""

    item: InboxItem
    why: str
    source: str
    stands: str
    """Who has it, or that nobody has."""
    due: str
    deed: str | None
    notes: tuple[str, ...]
    line: tuple[TimePoint, ...]
    for_reader: bool
    """It is the reader who is asked."""
    answered: bool
    asks: bool
    """An answer is asked for here: not of one's own agency's word, nor of what a briefing answers for."""

    @property
    def id(self) -> str:
        return self.item.obligation.id

    @property
    def notice(self) -> Notice:
        return self.item.notice

    @property
    def href(self) -> str:
        """The page that it is read on."""
        owed = self.item.obligation
        return f"/briefings/{owed.case_id}" if self.notice.briefing is not None else f"/alerts/{owed.alert_id}"


@dataclass(frozen=True, slots=True)
class FamilyCard:
    """What is asked about one family, the most pressing first."""

    case_id: str
    name: str
    flags: tuple[str, ...]
    asked: tuple[AskedItem, ...]

    @property
    def overdue(self) -> bool:
        return any(one.item.overdue for one in self.asked)


def family_cards(items: Iterable[InboxItem], reader: Visitor, now: datetime) -> list[FamilyCard]:
    """Put what is asked about one family on one card, which stands where the first of it stands."""
    by_case: dict[str, list[AskedItem]] = {}
    for item in items:
        by_case.setdefault(item.obligation.case_id, []).append(asked_item(item, reader, now))
    return [FamilyCard(case_id, family_name([one.notice for one in some]), _flags(some), tuple(some)) for case_id, some in by_case.items()]


def family_name(notices: Sequence[Notice]) -> str:
    """What the reader may call the family: its children as their notices name them; else that it is a family."""
    children = list(dict.fromkeys(called_in_words(child) for notice in notices for child in notice.children))
    if not children:
        return "A family"
    first, rest = children[:2], len(children) - 2
    more = f" and {rest} more" if rest > 0 else ""
    return (", " if more else " and ").join(first) + more


def asked_item(item: InboxItem, reader: Visitor, now: datetime) -> AskedItem:
    """One item in words."""
    notice = item.notice
    answered = item.state in ANSWERED
    own, before, deed = own_word(notice), before_this(notice), deed_line(notice, withdrawn=_WITHDRAWN)
    return AskedItem(
        item=item,
        why=dated(notice.because),
        source=_source(notice),
        stands=_stands(item),
        due="" if answered else _due(item, now),
        deed=deed and dated(deed),
        notes=tuple(dated(line) for line in (own, *before) if line),
        line=time_line(item, now),
        for_reader=notice.recipient is not None and worker_ref(reader.at, notice.recipient) == reader.ref,
        answered=answered,
        asks=not answered and own is None and notice.folded_into is None,
    )


def time_line(item: InboxItem, now: datetime) -> tuple[TimePoint, ...]:
    """What happened to it so far, in order, and what is still to come."""
    notice, owed = item.notice, item.notice.obligation
    stated = [TimePoint(notice.occurred_at, "It happened"), TimePoint(notice.recorded_at, f"{_source(notice)} recorded it")]
    points = [
        *([] if owed.kind in OWN_KINDS else stated),
        TimePoint(item.since, "You were told"),
        *(point for receipt in item.receipts if (point := _heard(receipt))),
    ]
    if notice.step is not None:
        points.append(TimePoint(notice.step.at, f"Asked again: {role(notice.step.role) or 'nobody is left to ask'}"))
    if notice.ended_at is not None:
        points.append(TimePoint(notice.ended_at, "It ended"))
    if owed.due is not None and item.state not in ANSWERED:
        points.append(TimePoint(owed.due, "Answer due", ahead=owed.due > now, late=owed.due <= now))
    return tuple(sorted(points, key=lambda point: point.at))


def _source(notice: Notice) -> str:
    """Who stated it; of what the bus asks itself, that it is the bus."""
    return "the bus itself" if notice.obligation.kind in OWN_KINDS else agency(notice.obligation.source)


def _heard(receipt: Receipt) -> TimePoint | None:
    says = {
        Stage.ACKNOWLEDGED: {"acting": "is acting on it", "passing_on": f"passed it on to {receipt.to}", "not_ours": "said it is not ours"},
        Stage.ACTED: {"acting": "said what was done"},
        Stage.UNDONE: dict.fromkeys(("acting", "passing_on", "not_ours"), "took the answer back"),
    }.get(receipt.stage, {})
    words = says.get(receipt.intent or "acting")
    return TimePoint(receipt.at, f"{receipt.by} {words}") if words else None


def _flags(some: Iterable[AskedItem]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.notice.flag for one in some if one.notice.flag))


def _due(item: InboxItem, now: datetime) -> str:
    due = item.obligation.due
    if due is None:
        return "No time is set for the answer"
    if due < now:
        return f"Overdue by {span(now - due)}"
    return f"Answer within {span(due - now)}" if due - now < timedelta(days=2) else f"Answer by {moment(due, now)}"


def _stands(item: InboxItem) -> str:
    refused = "Your own system did not take it, so it waits for you here"
    acting = f"{item.acted_by} said what was done" if item.acted_by else f"{item.acknowledged_by} is acting on it"
    return {
        ObligationState.ACKNOWLEDGED: acting,
        ObligationState.WITHDRAWN: "It is over",
        ObligationState.PASSED_ON: f"Passed on to {item.passed_to}, who has not said yet that they act on it",
        ObligationState.NOT_OURS: f"{item.acknowledged_by} said it is not ours. Somebody checks that; until then it waits for an answer",
        ObligationState.ESCALATED: f"Nobody answered in time. Now asked: {role(item.notice.obligation.role)}",
        ObligationState.FAILED: refused,
        ObligationState.REFUSED: refused,
    }.get(item.state, "Nobody here has answered yet")
