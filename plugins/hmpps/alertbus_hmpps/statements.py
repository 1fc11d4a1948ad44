"""From one event to one alert: who, when, and what was said, each checked, every fault told at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from alertbus.plugin import Action, Alert, Details, Narrative, Release, SaidBy, Severity, Subject, UnreadableMessage
from alertbus.plugin.wording import UK
from alertbus_hmpps.envelope import Opened
from alertbus_hmpps.identity import digest, says
from alertbus_hmpps.moments import EXPECTED, moment
from alertbus_hmpps.people import person_in

OLD_NEWS = timedelta(days=28)
"""An event published longer than this after it happened is history (ours: the shipped policy lets an incident stand for as long)."""

DISAGREES = "; the envelope names another event type, and the message inside decides"


@dataclass(frozen=True, slots=True)
class Event:
    """One event and its type, which may stand on its envelope alone."""

    kind: str
    opened: Opened

    @property
    def disagrees(self) -> bool:
        """True if its envelope names another type than the message inside."""
        return self.opened.attributes.get("eventType", self.kind) != self.kind


def alert(
    event: Event,
    source: str,
    becomes: str,
    *,
    severity: Severity = Severity.MEDIUM,
    ours: Iterable[str] = (),
    words: Iterable[object] = (),
    details: Mapping[str, object] | None = None,
    action: Action = Action.RAISED,
    id_: str | None = None,
    amends: str | None = None,
    part: str = "",
    aside: str = "",
) -> Alert:
    """Build the alert. `ours` are our words for what the event means, and come first; `words` are more of the source's own. `part` tells
    several statements of one event apart.

    A `release` among `details` gets the day on which the event happened, where it has none, and is confirmed: prison or probation says so,
    unless it says itself that it does not know. Raises `UnreadableMessage` with every fault of
    version, time and person.
    """
    opened = event.opened
    occurred, (person, unread) = _together(opened)
    said = [text for text in (*ours, opened.get("description"), *words) if isinstance(text, str) and text.strip()]
    said_by_event = says(event.kind, opened, occurred)
    sections = dict(details or {})
    if isinstance(release := sections.get("release"), dict):
        sections["release"] = Release(**({"date": occurred.astimezone(UK).date(), "confirmed": True} | release))
    contradictions = [text.removeprefix("; ") for text in (aside, DISAGREES if event.disagrees else "") if text]
    if contradictions or unread:
        # Unclassified: shown to no agency, and the alert is listed in review, where somebody sees what did not fit.
        sections["hmpps"] = {"contradictions": contradictions, "identifiers_not_read": unread}
    try:
        return Alert(
            id=id_ or (digest(said_by_event, part) if part else said_by_event),
            source=source,
            kind=becomes,
            action=action,
            occurred_at=occurred,
            recorded_at=occurred,  # not when it was published: the same event published again must be the same statement
            subjects=(Subject(person=person),),
            narrative=tuple(Narrative(text=t, said_by=SaidBy.PROFESSIONAL, observed_first_hand=False) for t in said),
            severity=severity,
            details=Details.model_validate(sections),
            amends=amends,
            history=action is Action.RAISED and _old(opened, occurred),
        )
    except ValidationError:
        pass  # raised below, outside the handler; all but the source's own words was checked before
    raise UnreadableMessage((opened.path("description"), "text of at most 65,536 characters, in valid Unicode"))


def happened(opened: Opened) -> datetime:
    """When an event happened that names its people in its own way. Raises `UnreadableMessage` for its version and time."""
    return _all_of(_known_version, _occurred)(opened)[1]


def _together(opened: Opened) -> tuple[datetime, Any]:
    """Read time and person, or raise every fault of version, time and person at once."""
    _, occurred, person = _all_of(_known_version, _occurred, person_in)(opened)
    return occurred, person


def _all_of(*parts: Any) -> Any:
    def read(opened: Opened) -> list[Any]:
        done: list[Any] = []
        faults: list[Any] = []
        for part in parts:
            try:
                done.append(part(opened))
            except UnreadableMessage as unreadable:
                faults += unreadable.faults
        if faults:
            raise UnreadableMessage(*faults)
        return done

    return read


def _known_version(opened: Opened) -> None:
    version = opened.get("version")
    if version is not None and str(version) not in {"1", "1.0"}:
        raise UnreadableMessage((opened.path("version"), "1: another version may mean another thing by the same names"))


def _occurred(opened: Opened) -> datetime:
    """When it happened: `occurredAt`, in the older events `eventDatetime`; failing both, when it was sent."""
    for name in ("occurredAt", "eventDatetime"):
        if opened.get(name) is not None:
            read = moment(opened.get(name))
            if read is None:
                raise UnreadableMessage((opened.path(name), EXPECTED))
            return read
    if (sent := _published(opened)) is not None:
        return sent
    raise UnreadableMessage((opened.path("occurredAt"), EXPECTED))


def _published(opened: Opened) -> datetime | None:
    given = (opened.get("publishedAt"), opened.attributes.get("publishedAt"), opened.sent)
    return next((read for value in given if (read := moment(value)) is not None), None)


def _old(opened: Opened, occurred: datetime) -> bool:
    """True if it was news no longer when it was published. A message that does not say when is left to whoever has a clock."""
    published = _published(opened)
    return published is not None and published - occurred > OLD_NEWS
