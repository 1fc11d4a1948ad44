"""One HMPPS message in, alerts or a reason out: decided by the tables in `events` and `movements`, from it alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from alertbus.plugin import (
    Action,
    Alert,
    Details,
    Flag,
    Headers,
    Ignored,
    Narrative,
    Person,
    Release,
    SaidBy,
    Severity,
    Subject,
    UnreadableMessage,
)
from alertbus.plugin.wording import UK
from alertbus_hmpps import events, movements
from alertbus_hmpps.documents import recognised
from alertbus_hmpps.envelope import Opened, open_message, placeholders
from alertbus_hmpps.identity import INFO, digest, says
from alertbus_hmpps.moments import EXPECTED, moment
from alertbus_hmpps.movements import Meaning, Row
from alertbus_hmpps.people import person_in

PRISON, PROBATION = "prison.hmpps", "probation.hmpps"

_MOST_FAULTS = 100
"""Faults told of one message; a batch may hold thousands."""
_CONFIRM = "an SNS subscription message: confirm it at the topic by hand; nothing is fetched"
_DISAGREES = "; the envelope names another event type, and the message inside decides"
_AT_LARGE = "unlawfully at large: treat as at liberty; if seen, call the police, do not approach"


class Hmpps:
    """The source `hmpps`: domain events of prison and probation, bare or in their envelopes."""

    name = "hmpps"

    def parse(self, raw: bytes, headers: Headers) -> list[Alert] | Ignored:  # noqa: ARG002  nothing in them is needed
        """Read one message: one event, or a batch of them. A batch of which any part cannot be read is refused whole, so that it is
        kept; parts that raise nothing may stand beside others that do.

        Raises `UnreadableMessage` with the faults of every part, each with its path.
        """
        contents = open_message(raw)
        stated: dict[str, Alert] = {}
        reasons: list[str] = []
        faults = [fault for unreadable in contents.unreadable for fault in unreadable.faults]
        for opened in contents.events:
            try:
                outcome = _read(opened)
            except UnreadableMessage as unreadable:
                faults += unreadable.faults
                continue
            if isinstance(outcome, Ignored):
                reasons.append(outcome.reason)
            else:
                stated |= {one.model_dump_json(): one for one in outcome}  # a batch may hold one event twice
        if faults:
            raise UnreadableMessage(*faults[:_MOST_FAULTS])
        return [*stated.values()] or Ignored("; ".join(dict.fromkeys(reasons)))


def _read(opened: Opened) -> list[Alert] | Ignored:
    if opened.subscription:
        return Ignored(_CONFIRM)
    if (document := recognised(opened.body)) is not None:
        return Ignored(document)
    if unfilled := placeholders(opened):
        raise UnreadableMessage(*((path, "a value: this is a template that was never filled in") for path in unfilled))
    kind = _event_type(opened)
    outcome = _decide(kind, opened)
    if isinstance(outcome, Ignored) and _disagrees(kind, opened):
        return Ignored(outcome.reason + _DISAGREES)
    return outcome


def _event_type(opened: Opened) -> str:
    """Take the type inside; the envelope's attribute only when there is none inside."""
    inside = opened.get("eventType")
    if inside is None and "eventType" in opened.attributes and opened.at:
        return opened.attributes["eventType"]
    if not isinstance(inside, str) or not inside:
        raise UnreadableMessage((opened.path("eventType"), "the event's type as text"))
    return inside


def _disagrees(kind: str, opened: Opened) -> bool:
    return opened.attributes.get("eventType", kind) != kind


def _decide(kind: str, opened: Opened) -> list[Alert] | Ignored:
    if kind in events.RELEASES:
        return _release(kind, opened)
    if kind in events.RECEPTIONS:
        return _reception(kind, opened)
    if kind in events.RECALLS:
        return [_alert(kind, opened, PROBATION, "prisoner_recall")]
    if kind in events.REGISTRATIONS:
        return _flag(kind, opened, events.REGISTRATIONS[kind], _REGISTER)
    if kind in events.PRISON_ALERTS:
        return _flag(kind, opened, events.PRISON_ALERTS[kind], _PRISON_ALERT)
    return Ignored(events.IGNORED.get(kind, events.UNKNOWN))


def _release(kind: str, opened: Opened) -> list[Alert] | Ignored:
    row = _reason(opened, movements.RELEASE_REASONS)
    code, aside = _movement_code(opened)
    if opened.get(INFO, "reason") == "RELEASED":
        row = movements.RELEASE_CODES.get(code or "", row)
    if row.meaning is Meaning.NOTHING:
        return Ignored(row.words + aside)
    if opened.text(INFO, "currentLocation") not in {None, "OUTSIDE_PRISON"}:
        raise UnreadableMessage((opened.path(INFO, "currentLocation"), "OUTSIDE_PRISON: a release from elsewhere contradicts itself"))
    if row.meaning is Meaning.AT_LARGE:
        flag = Flag(precautions=(_AT_LARGE,))
        return [_alert(kind, opened, PRISON, "other", severity=Severity.CRITICAL, details={"flag": flag}, aside=aside)]
    details = {"release": {"conditions": (row.condition,) if row.condition else ()}}
    return [_alert(kind, opened, PRISON, "prisoner_release", severity=Severity.HIGH, details=details, aside=aside)]


def _reception(kind: str, opened: Opened) -> list[Alert] | Ignored:
    row = _reason(opened, movements.RECEPTION_REASONS)
    code, aside = _movement_code(opened)
    if opened.get(INFO, "reason") == "ADMISSION":
        row = movements.RECALL_CODES.get(code or "", row)
        if opened.text(INFO, "probableCause") == "RECALL":
            row = movements.RECEPTION_REASONS["RECALL"]
    if row.meaning is Meaning.NOTHING:
        return Ignored(row.words + aside)
    return [_alert(kind, opened, PRISON, "prisoner_recall", aside=aside)]


def _reason(opened: Opened, rows: Mapping[str, Row]) -> Row:
    reason = opened.get(INFO, "reason")
    if isinstance(reason, str) and reason in rows:
        return rows[reason]
    # A reason nobody has told us of may be a release: a person has to look, so it is refused and not ignored.
    raise UnreadableMessage((opened.path(INFO, "reason"), "one of " + ", ".join(rows)))


def _movement_code(opened: Opened) -> tuple[str | None, str]:
    """Read the movement code. The coded field wins over the one that `details` ends with; the second text says so."""
    coded = opened.text(INFO, "nomisMovementReasonCode")
    details = opened.text(INFO, "details") or ""
    named = details.rpartition("-" if ":" in details else " ")[2] or None
    if coded is None:
        return named, ""
    disagree = named is not None and named != coded
    return coded, "; `details` names another movement code, and nomisMovementReasonCode decides" if disagree else ""


@dataclass(frozen=True, slots=True)
class _Register:
    """How a kind of register is read: its keeper, the field of its code, the field of its entry's number."""

    source: str
    code: str
    number: str
    rows: Mapping[str, events.FlagRow]


_REGISTER = _Register(PROBATION, "registerTypeCode", "registrationId", events.REGISTER_TYPES)
_PRISON_ALERT = _Register(PRISON, "alertCode", "alertUuid", events.ALERT_CODES)


def _flag(kind: str, opened: Opened, deed: str, register: _Register) -> list[Alert] | Ignored:
    """Decide a register entry or prison alert: raised when added, amended when updated, withdrawn when it ends."""
    code = opened.text(INFO, register.code)
    if code is None:
        raise UnreadableMessage((opened.path(INFO, register.code), "the code of the register entry or alert"))
    if code in events.DISCLOSED_BY_POLICE:
        return Ignored("a MAPPA, sex offender or terrorism register: police and MAPPA decide case by case who is told")
    if (row := register.rows.get(code)) is None:
        return Ignored("a register entry or prison alert of a kind that has no rule")
    words = (opened.get(INFO, "registerTypeDescription"),)
    number = opened.get(INFO, register.number)
    if isinstance(number, bool) or not isinstance(number, str | int) or not number:
        if deed != events.ENDED:
            raise UnreadableMessage((opened.path(INFO, register.number), "the number of the register entry or alert"))
        # nDelius does not say which entry it ended, so none is withdrawn: a person reads this and decides.
        return [_alert(kind, opened, register.source, "other", severity=Severity.LOW, words=words)]
    about = digest(register.source, register.number, str(number))
    flag = Flag(grade=row.grade, precautions=(row.precaution,) if row.precaution else ())
    details: dict[str, object] = {"flag": flag} if row.kind == "violent_person_flag" else {}
    named: dict[str, Any] = {
        events.ADDED: {"id_": about},
        events.UPDATED: {"action": Action.AMENDED, "amends": about},
        events.ENDED: {"action": Action.WITHDRAWN, "amends": about},
    }[deed]
    return [_alert(kind, opened, register.source, row.kind, severity=Severity.HIGH, words=words, details=details, **named)]


def _alert(
    kind: str,
    opened: Opened,
    source: str,
    becomes: str,
    *,
    severity: Severity = Severity.MEDIUM,
    words: Iterable[object] = (),
    details: Mapping[str, object] | None = None,
    action: Action = Action.RAISED,
    id_: str | None = None,
    amends: str | None = None,
    aside: str = "",
) -> Alert:
    occurred, (person, unread) = _together(opened)
    said = [text for text in (opened.get("description"), *words) if isinstance(text, str) and text.strip()]
    sections = dict(details or {})
    if isinstance(release := sections.get("release"), dict):
        sections["release"] = Release(date=occurred.astimezone(UK).date(), **release)
    asides = (aside, _DISAGREES if _disagrees(kind, opened) else "")
    contradictions = [text.removeprefix("; ") for text in asides if text]
    if contradictions or unread:
        # Unclassified: shown to no agency, and the alert is listed in review, where somebody sees what did not fit.
        sections["hmpps"] = {"contradictions": contradictions, "identifiers_not_read": unread}
    try:
        return Alert(
            id=id_ or says(kind, opened, occurred),
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
        )
    except ValidationError:
        pass  # raised below, outside the handler; all but the source's own words was checked before
    raise UnreadableMessage((opened.path("description"), "text of at most 65,536 characters, in valid Unicode"))


def _together(opened: Opened) -> tuple[datetime, tuple[Person, list[str]]]:
    """Read time and person, or raise every fault of version, time and person at once."""
    faults: list[Any] = []
    read: list[Any] = []
    for part in (_known_version, _occurred, person_in):
        try:
            read.append(part(opened))
        except UnreadableMessage as unreadable:
            faults += unreadable.faults
    if faults:
        raise UnreadableMessage(*faults)
    return read[1], read[2]


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
