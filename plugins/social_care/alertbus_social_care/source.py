"""What a case system says has changed, as a `Message` of the Children in Need census, read as alerts: a closure, a plan, a conference.

A whole return is no news: it says how a year went. It is told by its header (`CollectionDetails`), and raises nothing.
"""

import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from alertbus.plugin import (
    Alert,
    Conference,
    Details,
    Headers,
    Identifier,
    IdentifierSystem,
    Ignored,
    InvalidIdentifier,
    Person,
    StatusChange,
    Subject,
    UnreadableMessage,
    canonical,
)
from alertbus.plugin.wording import UK
from alertbus_social_care.census import CLOSURES
from alertbus_social_care.vocabulary import CHILD, ELEMENTS

SOURCE = "childrens_social_care"
MOST_CHILDREN = 100
"""Children of one message: a family and its cousins, and no authority's return that lost its header."""

RETURN = "a statutory return, which says how a year went and not what changed: send the change, without CollectionDetails"
NO_CHANGE = "a referral without a closure, a plan or a conference: nothing changed that another agency must know"


@dataclass(frozen=True, slots=True)
class _News:
    """What an element says when it has a day: the kind of alert and its details. Of several on one day the last in the list is the news."""

    element: str
    kind: str
    details: dict[str, Any]


_NEWS = (
    _News("CINPlanDates/CINPlanStartDate", "case_status_change", {"status_change": {"to": "child_in_need_plan"}}),
    _News("DateOfInitialCPC", "conference_outcome", {"conference": {"type": "initial"}}),
    _News("Section47/DateOfInitialCPC", "conference_outcome", {"conference": {"type": "initial"}}),
    _News("ChildProtectionPlans/CPPstartDate", "case_status_change", {"status_change": {"to": "child_protection_plan"}}),
    _News("CINclosureDate", "case_status_change", {"status_change": {"to": "closed"}}),
)


class CinChanges:
    """The source `cin`: one message about the children of one family."""

    name = "cin"

    def parse(self, raw: bytes, headers: Headers) -> list[Alert] | Ignored:  # noqa: ARG002  nothing in them is needed
        message = _opened(raw)
        if message.find("Header/CollectionDetails") is not None:
            return Ignored(RETURN)
        faults = [*_unknown(message)]
        children = message.findall("Children/Child")
        if not 0 < len(children) <= MOST_CHILDREN:
            faults.append(("Message.Children.Child", f"from 1 to {MOST_CHILDREN} of them"))
        alerts: list[Alert] = []
        for number, child in enumerate(children[:MOST_CHILDREN], 1):
            try:
                alerts += _read(child, f"Message.Children.Child[{number}]")
            except UnreadableMessage as unreadable:
                faults += [(fault.path, fault.expected) for fault in unreadable.faults]
        if faults:
            raise UnreadableMessage(*faults[:MOST_CHILDREN])
        return alerts or Ignored(NO_CHANGE)


def _opened(raw: bytes) -> ET.Element:
    """Parse XML in UTF-8 without a document type: such a one may name files and addresses, or grow without end."""
    root = None
    try:
        text = raw.decode("utf-8-sig")
        if "<!DOCTYPE" not in text:
            root = ET.fromstring(text)  # noqa: S314  without a document type there are no entities to expand
    except (ValueError, ET.ParseError, RecursionError):
        pass  # raised below, outside the handler: the parser's own error would be chained
    if root is None or root.tag != "Message":
        raise UnreadableMessage(("$", "XML in UTF-8 without a DOCTYPE: a `Message` of the Children in Need census"))
    return root


def _unknown(message: ET.Element) -> Iterator[tuple[str, str]]:
    """Name what is not of the census: a misspelt element must not be passed over."""
    waiting = [(message, "Message")]
    while waiting:
        element, at = waiting.pop()
        for inner in element:
            if inner.tag in ELEMENTS.get(element.tag, ()):
                waiting.append((inner, f"{at}.{inner.tag}"))
            else:
                yield at, "only elements of the Children in Need census, in their places"
        if len(element) and ((element.text or "").strip() or any((inner.tail or "").strip() for inner in element)):
            yield at, "elements, and no text between them"


def _read(child: ET.Element, at: str) -> Iterator[Alert]:
    """Read one child: of its last episode, the change with the latest day."""
    person = _person(child, at)
    episodes = child.findall("CINdetails")
    if not episodes:
        raise UnreadableMessage((f"{at}.CINdetails", "at least one"))
    days = [_day(episode, "CINreferralDate", f"{at}.CINdetails") for episode in episodes]
    if None in days:
        raise UnreadableMessage((f"{at}.CINdetails.CINreferralDate", "the day of the referral"))
    episode = max(zip(days, range(len(days)), episodes, strict=True), key=lambda one: (one[0] or date.min, one[1]))[2]
    found = [(day, place) for place, news in enumerate(_NEWS) if (day := _day(episode, news.element, f"{at}.CINdetails")) is not None]
    if not found:
        return
    day, place = max(found)
    news = _NEWS[place]
    details = {name: dict(stated) for name, stated in news.details.items()}
    if news.element == "CINclosureDate" and (reason := _reason(episode, f"{at}.CINdetails.ReasonForClosure")):
        details["status_change"]["reason"] = reason
    moment = datetime.combine(day, time.min, UK)
    yield Alert(
        id=_digest(*(f"{i.system}={i.value}" for i in person.identifiers), news.element, day.isoformat()),
        source=SOURCE,
        kind=news.kind,
        occurred_at=moment,
        recorded_at=moment,
        children=(Subject(role="child", person=person),),
        details=_details(details),
    )


def _details(stated: dict[str, Any]) -> Details:
    made = {"status_change": StatusChange, "conference": Conference}
    return Details(**{name: made[name](**fields) for name, fields in stated.items()})


def _reason(episode: ET.Element, at: str) -> str | None:
    code = _text(episode, "ReasonForClosure")
    if code is not None and code not in CLOSURES:
        raise UnreadableMessage((at, "one of " + ", ".join(CLOSURES)))
    return f"{code}: {CLOSURES[code]}" if code else None


def _person(child: ET.Element, at: str) -> Person:
    numbers = []
    for element, system in CHILD.items():
        value = _text(child, f"ChildIdentifiers/{element}")
        if value is None:
            continue
        try:
            known, number = canonical(system, value)
        except InvalidIdentifier:
            known = None
        if known is None:
            raise UnreadableMessage((f"{at}.ChildIdentifiers.{element}", IdentifierSystem(system).expected))
        numbers.append(Identifier(system=known, value=number))
    if not any(number.system is IdentifierSystem.LA_CHILD_ID for number in numbers):
        raise UnreadableMessage((f"{at}.ChildIdentifiers.LAchildID", IdentifierSystem.LA_CHILD_ID.expected))
    return Person(identifiers=tuple(numbers), born=_day(child, "ChildIdentifiers/PersonBirthDate", at))


def _day(around: ET.Element, element: str, at: str) -> date | None:
    """Read the latest day that the element gives; None where it is absent."""
    days = []
    for one in around.findall(element):
        try:
            days.append(date.fromisoformat((one.text or "").strip()))
        except ValueError:
            days.append(None)
    if None in days or any(day is not None and day.year < 1900 for day in days):  # noqa: PLR2004  nobody's case is older
        raise UnreadableMessage((f"{at}.{element.replace('/', '.')}", "a day of the calendar, as 2026-11-30"))
    return max((day for day in days if day is not None), default=None)


def _text(around: ET.Element, element: str) -> str | None:
    found = around.find(element)
    return ((found.text or "").strip() or None) if found is not None else None


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
