"""`/alerts/{id}`: one alert as the reader's agency may see it. Every opening, and every opening of hard words, is audited by name."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle.answers import ObligationStatus
from alertbus.chronicle.senders_view import HeldElsewhere
from alertbus.desk.alert_facts import StatementChange, changes_of, facts_of
from alertbus.desk.cards import AskedItem, asked_item, family_name
from alertbus.desk.chooser import chooser
from alertbus.desk.desk import Desk, desk_of
from alertbus.desk.flash import Flash
from alertbus.desk.in_words import agency, dated
from alertbus.desk.sign_in.break_glass import BrokenGlass
from alertbus.desk.visitor import Visitor
from alertbus.model.alert import SaidBy, Severity
from alertbus.model.errors import NotFound
from alertbus.model.item import ItemStep
from alertbus.model.notice import Excerpt, Notice
from alertbus.model.rights import Right
from alertbus.plugin.briefed import briefing_lines
from alertbus.plugin.wording import answering_lines, plain
from alertbus.serving.alert_opened import NO_ALERT, OpenedAlert

router = APIRouter(prefix="/alerts/{alert_id}", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class AlertPart:
    """What the reader's agency was told on one case."""

    asked: AskedItem
    family: str
    path: tuple[str, ...]
    """The reason path, a step each."""
    facts: tuple[str, ...]
    briefed: tuple[str, ...]
    answering: tuple[str, ...]
    next: ItemStep | None
    unowned: bool
    changes: tuple[StatementChange, ...]

    @property
    def notice(self) -> Notice:
        return self.asked.notice

    @property
    def words(self) -> tuple[Excerpt, ...]:
        return self.asked.notice.narrative

    @property
    def hard(self) -> bool:
        """Whether its words stay closed until somebody asks for them (VOI-11): a child's own, and those of what is grave."""
        grave = self.notice.obligation.severity in {Severity.CRITICAL, Severity.HIGH}
        return bool(self.words) and (grave or any(one.said_by is SaidBy.CHILD for one in self.words))


@dataclass(frozen=True, slots=True)
class WhoHasIt:
    """One agency role that was told, and how far it has come there."""

    agency: str
    role: str
    stands: str
    next: ItemStep | None
    unowned: bool


@router.get("")
async def alert(alert_id: str, request: Request, done: str | None = None) -> Response:
    """The alert, its hard words closed."""
    return await _shown(request, alert_id, words=False, done=done)


@router.get("/explanation")
async def explanation(alert_id: str, request: Request) -> Response:
    """Who was told of it, who was not, and which rule or link decided, agency by agency: for who holds the cases. Audited by name."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.HOLD_CASES)
    explained = await desk.explanations.of_sent(alert_id, visitor.caller, by=visitor.name)
    by_case: dict[str, list[Mapping[str, Any]]] = {}
    for line in explained.lines:
        by_case.setdefault(line["case"], []).append(line)
    rules = tuple(dict.fromkeys(line["rule"] for line in explained.lines))
    return desk.shown(request, visitor, "explanation.html", alert_id=alert_id, stands=explained.stands, cases=by_case, rules=rules)


@router.post("/words")
async def words(alert_id: str, request: Request) -> Response:
    """The alert with the words of its source. That they were opened is on record before they are shown."""
    desk = desk_of(request)
    await desk.visitor(request)
    await desk.door.checked_form(request)
    return await _shown(request, alert_id, words=True)


async def _shown(request: Request, alert_id: str, *, words: bool, done: str | None = None) -> Response:
    desk = desk_of(request)
    visitor = await desk.visitor(request)
    opened, glass = await _opened(desk, visitor, alert_id)
    parts = [_part(one.obligation.id, opened, visitor, desk) for one in opened.told]
    if glass is not None:
        parts = [_of_others(part) for part in parts]
    if words and parts:
        about = [opened.status.alert_id]
        await desk.intake.audited.note(AuditedDeed.WORDS_READ, visitor.caller, by=visitor.name, about=about, reason="opened the words")
    return desk.shown(
        request,
        visitor,
        "alert.html",
        opened=opened,
        parts=parts,
        title=parts[-1].notice.title if parts else plain(opened.status.kind).capitalize(),
        flags=list(dict.fromkeys(one.notice.flag for one in parts if one.notice.flag)),
        held=[*_held(opened), *_held_elsewhere(opened.senders.held_by)],
        words_open=words,
        glass=glass,
        explains=Right.HOLD_CASES in visitor.rights,
        flash=await Flash.of(desk, visitor, done),
        colleagues=await chooser(desk, visitor),
        back="alert",
    )


async def _opened(desk: Desk, visitor: Visitor, alert_id: str) -> tuple[OpenedAlert, BrokenGlass | None]:
    """The alert, and by which break-glass it is open, where it is not the visitor's own. Raises `NotFound`."""
    with contextlib.suppress(NotFound):
        return await desk.opener.open(alert_id, visitor.caller, by=visitor.name), None
    glass = await desk.glass.held(visitor, "alert", alert_id)
    if glass is None:
        raise NotFound(NO_ALERT)
    return await desk.opener.through_glass(alert_id, visitor.caller, by=visitor.name), glass


def _of_others(part: AlertPart) -> AlertPart:
    """A part that another agency has to answer: whoever sees it by break-glass answers nothing for them."""
    told = agency(part.notice.obligation.agency)
    line = tuple(replace(point, what=f"{told} was told") if point.what == "You were told" else point for point in part.asked.line)
    return replace(part, asked=replace(part.asked, asks=False, for_reader=False, line=line))


def _part(obligation_id: str, opened: OpenedAlert, visitor: Visitor, desk: Desk) -> AlertPart:
    item = next(one for one in opened.told if one.obligation.id == obligation_id)
    notice = item.notice
    owed = opened.owed.get(obligation_id)
    return AlertPart(
        asked=asked_item(item, visitor, desk.now()),
        family=family_name([notice]),
        path=tuple(step.strip() for step in dated(notice.because).split("→")),
        facts=tuple(facts_of(notice)),
        briefed=tuple(map(dated, briefing_lines(notice))),
        answering=tuple(map(dated, answering_lines(notice))),
        next=owed.next if owed else None,
        unowned=owed is not None and owed.unowned,
        changes=changes_of(opened.former.get(obligation_id, ()), notice),
    )


def _held(opened: OpenedAlert) -> Iterator[WhoHasIt]:
    for one in opened.status.obligations:
        item = opened.owed.get(one.id)
        yield WhoHasIt(one.agency, one.role, _how_far(one), item.next if item else None, unowned=item is not None and item.unowned)


def _held_elsewhere(held: Iterable[HeldElsewhere]) -> Iterator[WhoHasIt]:
    return (WhoHasIt(one.agency, one.role, _how_far(one), one.next, one.unowned) for one in held)


def _how_far(one: ObligationStatus | HeldElsewhere) -> str:
    late = ", and its time has passed" if one.overdue else ""
    if one.acted_by:
        return f"{one.acted_by} said what was done"
    if one.state == "acknowledged":
        return f"{one.acknowledged_by} is acting on it"
    if one.state == "passed_on":
        return f"Passed on to {one.passed_to}{late}"
    return {
        "withdrawn": "It is over there",
        "not_ours": f"{one.acknowledged_by} said it is not theirs{late}",
        "escalated": f"Nobody answered in time; the next person was asked{late}",
        "failed": f"Their system was not reached{late}",
        "refused": f"Their system refused it{late}",
        "owed": f"On its way{late}",
    }.get(str(one.state), f"They have it; nobody has answered yet{late}")
