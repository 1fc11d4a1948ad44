"""The rules for events whose meaning depends on what is in them: movements, and the entries of registers. Decided by the tables alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alertbus.plugin import Action, Flag, Ignored, Release, Severity, Stated, UnreadableMessage
from alertbus_hmpps import events, movements, registers
from alertbus_hmpps.envelope import Opened
from alertbus_hmpps.identity import INFO, digest
from alertbus_hmpps.movements import Meaning, Row
from alertbus_hmpps.outcomes import BY_POLICE, DIED, NOT_YET_KNOWN, Outcome
from alertbus_hmpps.people import names_nobody
from alertbus_hmpps.registers import FlagRow
from alertbus_hmpps.statements import Event, alert
from alertbus_hmpps.tellings import AT_LARGE, AT_LARGE_PRECAUTION, PRISON, PROBATION, Telling

_NOT_YET_BACK = (
    "Probation recalled the person to prison. Until the prison has them, treat as at liberty, and do not speak of the recall to them."
)
_ENDS_NOTHING = "it does not say which stay it is of, so it ends no alert; that somebody arrived where they were to be is no news"
_DEATH = Ignored(f"{Outcome.HELD_BACK} because {DIED}")


def release(event: Event) -> list[Stated] | Ignored:
    """Decide a way out of prison: a release, at large, a death, or nothing that matters outside."""
    opened = event.opened
    code, aside = _movement_code(opened)
    if movements.is_death(opened.text(INFO, "reason"), code, opened.text(INFO, "details"), opened.text("description")):
        if code in movements.RELEASE_CODES:
            both = "a code that agrees with the rest: the event says that the person died and that they left in another way"
            raise UnreadableMessage((opened.path(INFO, "nomisMovementReasonCode"), both))
        return _DEATH
    row = _reason(opened, movements.RELEASE_REASONS)
    if opened.get(INFO, "reason") == "RELEASED":
        row = movements.RELEASE_CODES.get(code or "", movements.UNSAID if code is None else row)
    if row.meaning is Meaning.NOTHING:
        return Ignored(row.words + aside)
    if opened.text(INFO, "currentLocation") not in {None, "OUTSIDE_PRISON"}:
        raise UnreadableMessage((opened.path(INFO, "currentLocation"), "OUTSIDE_PRISON: a release from elsewhere contradicts itself"))
    if row.meaning is Meaning.AT_LARGE:
        ours = [f"The person left prison without leave: {row.words}. The source calls every way of leaving a release."]
        flag = Flag(precautions=(AT_LARGE_PRECAUTION,))
        return [alert(event, PRISON, AT_LARGE, severity=Severity.CRITICAL, ours=ours, details={"flag": flag}, aside=aside)]
    details = {
        "release": {"conditions": (row.condition,) if row.condition else ()} | ({"confirmed": None} if row is movements.UNSAID else {})
    }
    return [alert(event, PRISON, "prisoner_release", severity=Severity.HIGH, details=details, aside=aside)]


def reception(event: Event) -> list[Stated] | Ignored:
    """Decide a way into prison: a recall, or nothing that the bus has a kind for."""
    opened = event.opened
    row = _reason(opened, movements.RECEPTION_REASONS)
    code, aside = _movement_code(opened)
    if opened.get(INFO, "reason") == "ADMISSION":
        row = movements.RECALL_CODES.get(code or "", row)
        if opened.text(INFO, "probableCause") == "RECALL":
            row = movements.RECEPTION_REASONS["RECALL"]
    if row.meaning is Meaning.NOTHING:
        return Ignored(row.words + aside)
    return [alert(event, PRISON, "prisoner_recall", aside=aside)]


def recall(event: Event) -> list[Stated]:
    """A recall as probation tells of it: when it is made, which may be before the arrest."""
    return [alert(event, PROBATION, "prisoner_recall", ours=[_NOT_YET_BACK])]


def told(event: Event, row: Telling) -> list[Stated] | Ignored:
    """State what the type of event always means. An event that ends several series of alerts ends each by a statement of its own."""
    opened = event.opened
    if row.nobody is not None and names_nobody(opened):
        return Ignored(f"{Outcome.HARMLESS} because {row.nobody}")
    details: dict[str, object] = {}
    if row.condition is not None and row.action is not Action.WITHDRAWN:
        day: dict[str, object] = {"conditions": (row.condition,)}
        details["release"] = day if row.dated else Release(conditions=(row.condition,))
    if row.kind == AT_LARGE:
        details["flag"] = Flag(precautions=(AT_LARGE_PRECAUTION,))
    known = [series for series in row.series if series.needed or _read_number(event.opened, series.field)]
    if row.series and not known and row.action is Action.WITHDRAWN:
        return Ignored(f"{Outcome.HARMLESS} because {_ENDS_NOTHING}")
    named = [_of_series(event, row, series.name, series.field) for series in known] or [{}]
    ours = [row.words]
    return [
        alert(event, row.source, row.kind, severity=row.severity, ours=ours, details=details, action=row.action, **names) for names in named
    ]


def _of_series(event: Event, row: Telling, name: str, field: str) -> dict[str, Any]:
    number = _number(event.opened, field)
    about = digest(row.source, name, number)
    return {"id_": about} if row.action is Action.RAISED else {"amends": about, "part": name}


def _number(opened: Opened, field: str) -> str:
    number = _read_number(opened, field)
    if number is None:
        raise UnreadableMessage((opened.path(INFO, field), "the number of what the event is about"))
    return number


def _read_number(opened: Opened, field: str) -> str | None:
    number = opened.get(INFO, field)
    return str(number).strip() or None if isinstance(number, str | int) and not isinstance(number, bool) else None


def _reason(opened: Opened, rows: Mapping[str, Row]) -> Row:
    reason = opened.get(INFO, "reason")
    if isinstance(reason, str) and reason in rows:
        return rows[reason]
    # A reason nobody has told us of may be a release: a person has to look, so it is refused and not ignored.
    raise UnreadableMessage((opened.path(INFO, "reason"), "one of " + ", ".join(rows)))


def _movement_code(opened: Opened) -> tuple[str | None, str]:
    """Read the movement code. The coded field wins over the one that `details` ends with; the second text says so."""
    coded = (opened.text(INFO, "nomisMovementReasonCode") or "").upper() or None
    details = (opened.text(INFO, "details") or "").upper()
    named = details.rpartition("-" if ":" in details else " ")[2] or None
    if coded is None:
        return named, ""
    disagree = named is not None and named != coded
    return coded, "; `details` names another movement code, and nomisMovementReasonCode decides" if disagree else ""


@dataclass(frozen=True, slots=True)
class Register:
    """How a kind of register is read: its keeper, what to call an entry, the field of its code, the field of its entry's number."""

    source: str
    called: str
    code: str
    number: str
    rows: Mapping[str, FlagRow]
    harmless: Mapping[str, str]
    ask: str


REGISTER = Register(
    source=PROBATION,
    called="Probation recorded, as register type",
    code="registerTypeCode",
    number="registrationId",
    rows=registers.REGISTER_TYPES,
    harmless=registers.HARMLESS_TYPES,
    ask="the practitioner",
)
PRISON_ALERT = Register(
    source=PRISON,
    called="Prison recorded, as alert code",
    code="alertCode",
    number="alertUuid",
    rows=registers.ALERT_CODES,
    harmless=registers.HARMLESS_CODES,
    ask="the prison's offender management unit",
)


def entry(event: Event, deed: str, register: Register) -> list[Stated] | Ignored:
    """Decide a register entry or prison alert: raised when added, amended when updated, withdrawn when it ends."""
    opened = event.opened
    code = opened.text(INFO, register.code)
    if code is None:
        raise UnreadableMessage((opened.path(INFO, register.code), "the code of the register entry or alert"))
    if code in registers.DISCLOSED_BY_POLICE:
        return Ignored(f"{Outcome.HELD_BACK} because {BY_POLICE}")
    if code in register.harmless:
        return Ignored(f"{Outcome.HARMLESS} because {register.harmless[code]}")
    if (row := register.rows.get(code)) is None:
        return Ignored(f"{NOT_YET_KNOWN} this alert code or register type has no row in the plugin's table; nothing was raised")
    ours = [f"{register.called} {code}: {row.words}. To learn more, ask {register.ask}."]
    words = (opened.get(INFO, "registerTypeDescription"),)
    number = opened.get(INFO, register.number)
    if isinstance(number, bool) or not isinstance(number, str | int) or not number:
        if deed != events.ENDED:
            raise UnreadableMessage((opened.path(INFO, register.number), "the number of the register entry or alert"))
        # nDelius does not say which entry it ended, so none is withdrawn: a person reads this and decides.
        ended = ["An entry in a register ended; the source does not say which. It was of this type.", *ours]
        return [alert(event, register.source, "other", severity=Severity.LOW, ours=ended, words=words)]
    about = digest(register.source, register.number, str(number))
    flag = Flag(grade=row.grade, precautions=(row.precaution,) if row.precaution else ())
    details: dict[str, object] = {"flag": flag} if row.kind == registers.RISK_TO_STAFF else {}
    named: dict[str, Any] = {
        events.ADDED: {"id_": about},
        events.UPDATED: {"action": Action.AMENDED, "amends": about},
        events.ENDED: {"action": Action.WITHDRAWN, "amends": about},
    }[deed]
    return [alert(event, register.source, row.kind, severity=row.severity, ours=ours, words=words, details=details, **named)]
