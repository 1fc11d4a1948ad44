"""The forms by which a manager changes a team, one thing each. A form gives the whole team as it then is, for the one door that teams have
(`intake.team_intake`): what is said here is said again of the version that stands, if somebody else has changed it meanwhile. Pure.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from alertbus.desk.in_words import role
from alertbus.desk.team_cards import in_post_or_coming
from alertbus.desk.typed import FieldsRefused, TypedFields, day_typed, moment_typed, time_typed, typed
from alertbus.model.case import begins, ends, in_uk
from alertbus.model.team import Team, Weekday
from alertbus.policy.policy import Policy
from alertbus.staff.staffing import TEAM_MANAGER, AgencyStaff, person_key

NOBODY_COVERS = "-"
"""The value of the choice that nobody covers: it must be chosen, so that it is never forgotten."""


@dataclass(frozen=True, slots=True)
class FormGround:
    """What a form is about: the team as it stands, and who works at its agency."""

    team: Team
    staff: AgencyStaff | None
    now: datetime
    policy: Policy

    @property
    def today(self) -> str:
        return f"{in_uk(self.now):%d/%m/%Y}"

    @property
    def its_own(self) -> tuple[tuple[str, str], ...]:
        """The people of the team, as choices."""
        return tuple((name, name) for name in in_post_or_coming(self.team, self.now))

    @property
    def colleagues(self) -> tuple[tuple[str, str], ...]:
        """Those of the team, then those of the agency's other teams, as choices."""
        others = [] if self.staff is None else [one for one in self.staff.by_id.values() if one.id != self.team.id]
        elsewhere = ((name, f"{name} ({one.name})") for one in others for name in in_post_or_coming(one, self.now))
        found = {person_key(name): (name, words) for name, words in elsewhere}
        return (*self.its_own, *(pair for key, pair in found.items() if key not in {person_key(name) for name, _ in self.its_own}))


@dataclass(frozen=True, slots=True)
class FormField:
    """One question of a form. `kind`: `text`, `day`, `time`, `select`, `radios` or `ticks`."""

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TeamForm:
    """A form: its questions, what stands in them at first, and the team that follows from what was typed."""

    title: str
    button: str
    done: str
    fields: Callable[[FormGround], tuple[FormField, ...]]
    apply: Callable[[FormGround, TypedFields], dict[str, Any]]
    begin: Callable[[FormGround], dict[str, tuple[str, ...]]] = field(default=lambda _: {})

    def changed(self, ground: FormGround, fields: TypedFields) -> Team:
        """Give the team with the change. Raises `FieldsRefused`, and pydantic's `ValidationError` for what a team cannot be."""
        stands = ground.team.as_stated()
        return Team.model_validate(stands.model_dump(by_alias=True) | self.apply(ground, fields))


def _required(fields: TypedFields, **words: str) -> None:
    if faults := {name: said for name, said in words.items() if not typed(fields, name)}:
        raise FieldsRefused(faults)


def _spells(some: Iterable[Any]) -> list[dict[str, Any]]:
    return [one.model_dump(by_alias=True) for one in some]


def _absence_fields(ground: FormGround) -> tuple[FormField, ...]:
    return (
        FormField("who", "Who is away", "select", choices=(("", "Choose a person"), *ground.its_own)),
        FormField("from", "First day away", "day", "For example, 27/11/2026"),
        FormField("to", "Last day away", "day", "Leave it empty if nobody knows yet"),
        FormField(
            "cover",
            "Who covers",
            "select",
            "They see all that the absent person would have seen, and answer it in their own name",
            (("", "Choose a person"), *ground.colleagues, (NOBODY_COVERS, "Nobody covers")),
        ),
    )


def _absence(ground: FormGround, fields: TypedFields) -> dict[str, Any]:
    _required(fields, who="Choose who is away", cover="Choose who covers, or say that nobody does")
    who, cover = typed(fields, "who"), typed(fields, "cover")
    first, last = day_typed(fields, "from"), day_typed(fields, "to")
    if last is not None and last < (first or in_uk(ground.now).date()):
        raise FieldsRefused({"to": "The last day must not lie before the first" if first else "The last day must not be over"})
    if person_key(who) == person_key(cover):
        raise FieldsRefused({"cover": "Choose somebody else: who is away cannot cover for themselves"})
    said = {"who": who, "from": first or in_uk(ground.now).date(), "to": last, "cover": None if cover == NOBODY_COVERS else cover}
    return {"absences": [*_spells(ground.team.absences), said]}


def _duty_fields(ground: FormGround) -> tuple[FormField, ...]:
    return (
        FormField("who", "Whose turn it is", "select", choices=(("", "Choose a person"), *ground.colleagues)),
        FormField("from", "First day", "day", "For example, 27/11/2026"),
        FormField("from_time", "From", "time", "For example, 17:00. Empty: from the beginning of the day"),
        FormField("to", "Last day", "day", "Empty: until somebody ends it"),
        FormField("to_time", "Until", "time", "Empty: to the end of the day"),
    )


def _duty(ground: FormGround, fields: TypedFields) -> dict[str, Any]:
    _required(fields, who="Choose whose turn it is", **{"from": "Enter the first day"})
    first, last = moment_typed(fields, "from", "from_time"), moment_typed(fields, "to", "to_time")
    if first is not None and last is not None and ends(last) < begins(first):
        raise FieldsRefused({"to": "The turn must not end before it begins"})
    return {"duty": [*_spells(ground.team.duty), {"who": typed(fields, "who"), "from": first, "to": last}]}


def _roles(ground: FormGround) -> tuple[tuple[str, str], ...]:
    known = {ground.policy.agency(ground.team.agency).role, TEAM_MANAGER, *(ground.staff.holders if ground.staff else ())}
    return (("", "No role in particular"), *((name, role(name)) for name in sorted(known)))


def _member_fields(ground: FormGround) -> tuple[FormField, ...]:
    return (
        FormField("name", "Their whole name", hint="As it stands on a case file: what is addressed to that name is theirs"),
        FormField("role", "Role", "select", "What is sent to the role, and names nobody, is theirs", _roles(ground)),
        FormField("from", "First day", "day", "Empty: they are here already"),
    )


def _joins(ground: FormGround, fields: TypedFields) -> dict[str, Any]:
    _required(fields, name="Enter their whole name")
    name = typed(fields, "name")
    there = (person_key(one.name) for one in ground.team.posts if one.to is None or ends(one.to) >= ground.now)
    if person_key(name) in there:
        raise FieldsRefused({"name": "They are in this team already"})
    given = typed(fields, "role")
    return {"name": name, "roles": [given] if given else [], "from": day_typed(fields, "from")}


def _member(ground: FormGround, fields: TypedFields) -> dict[str, Any]:
    return {"members": [*_spells(ground.team.members), _joins(ground, fields)]}


_LEVELS = (("1", "Manages the team"), ("2", "Stands above its manager"), ("3", "Stands above them"))


def _manager_fields(ground: FormGround) -> tuple[FormField, ...]:
    name, given, first = _member_fields(ground)
    return name, FormField("level", "Level", "radios", choices=_LEVELS), given, first


def _manager(ground: FormGround, fields: TypedFields) -> dict[str, Any]:
    level = typed(fields, "level")
    if level not in dict(_LEVELS):
        raise FieldsRefused({"level": "Choose a level"})
    return {"managers": [*_spells(ground.team.managers), _joins(ground, fields) | {"level": int(level)}]}


def _leaves_fields(ground: FormGround) -> tuple[FormField, ...]:
    return (
        FormField("who", "Who leaves the team", "select", choices=(("", "Choose a person"), *ground.its_own)),
        FormField("on", "Their last day", "day", "For example, 27/11/2026. What is addressed to them afterwards goes to who stands in"),
    )


def _leaves(ground: FormGround, fields: TypedFields) -> dict[str, Any]:
    _required(fields, who="Choose who leaves", on="Enter their last day")
    key, last = person_key(typed(fields, "who")), day_typed(fields, "on")

    def ended(some: Iterable[Any]) -> list[dict[str, Any]]:
        return [one | {"to": last} if _still(one, key, ground.now) else one for one in _spells(some)]

    team = ground.team
    late = [one for one in team.posts if person_key(one.name) == key and one.from_ and last and begins(one.from_) > ends(last)]
    if late:
        raise FieldsRefused({"on": "Enter a day on which they are in the team"})
    deputy = None if team.deputy and person_key(team.deputy) == key else team.deputy
    return {"members": ended(team.members), "managers": ended(team.managers), "deputy": deputy}


def _still(one: Mapping[str, Any], key: str, now: datetime) -> bool:
    last: date | datetime | None = one["to"]
    return person_key(one["name"]) == key and (last is None or ends(last) >= now)


def _hours_fields(ground: FormGround) -> tuple[FormField, ...]:
    others = [] if ground.staff is None else [one for one in ground.staff.by_id.values() if one.id != ground.team.id]
    desks = (("", "Nobody: there is no such desk"), *((one.id, one.name) for one in others), ("text", "A service or a number, given below"))
    return (
        FormField("open", "When is the team there?", "radios", choices=_OPEN),
        FormField("days", "Days", "ticks", "Only for certain days of the week", tuple((str(one), one.capitalize()) for one in Weekday)),
        FormField("opens", "Opens", "time", "For example, 09:00"),
        FormField("closes", "Closes", "time", "For example, 17:00. If it lies before the opening it is that of the next day"),
        FormField("desk", "Who answers while the team is not there", "select", "The out-of-hours desk", desks),
        FormField("text", "The service, and its number", "text", "For example, Emergency duty team, 01632 960001"),
    )


_OPEN = (("always", "Always"), ("working", "On working days"), ("days", "On certain days of the week, bank holidays too"))


def _hours_begin(ground: FormGround) -> dict[str, tuple[str, ...]]:
    team, desk = ground.team, ground.team.out_of_hours
    first = team.hours[0] if team.hours else None
    return {
        "open": ("always" if first is None else "days" if first.days else "working",),
        "days": tuple(map(str, first.days)) if first else (),
        "opens": (f"{first.opens:%H:%M}",) if first else (),
        "closes": (f"{first.closes:%H:%M}",) if first else (),
        "desk": ("" if desk is None else desk.team or "text",),
        "text": (desk.text or "" if desk else "",),
    }


def _hours(_: FormGround, fields: TypedFields) -> dict[str, Any]:
    when, desk = typed(fields, "open"), typed(fields, "desk")
    days = [one for one in fields.get("days", ()) if one in set(Weekday)]
    if when not in dict(_OPEN):
        raise FieldsRefused({"open": "Choose when the team is there"})
    if when == "days" and not days:
        raise FieldsRefused({"days": "Tick the days"})
    if desk == "text":
        _required(fields, text="Enter the service, and its number")
    hours = []
    if when != "always":
        _required(fields, opens="Enter when it opens", closes="Enter when it closes")
        hours = [{"days": days if when == "days" else [], "opens": time_typed(fields, "opens"), "closes": time_typed(fields, "closes")}]
    out_of_hours = {"text": typed(fields, "text")} if desk == "text" else {"team": desk} if desk else None
    return {"hours": hours, "out_of_hours": out_of_hours}


def _deputy_fields(ground: FormGround) -> tuple[FormField, ...]:
    hint = "Whoever is away without a cover is stood in for by the deputy, then by the managers"
    return (FormField("deputy", "Deputy", "select", hint, (("", "Nobody"), *ground.colleagues)),)


def _deputy(_: FormGround, fields: TypedFields) -> dict[str, Any]:
    return {"deputy": typed(fields, "deputy") or None}


FORMS: Mapping[str, TeamForm] = MappingProxyType(
    {
        "absence": TeamForm(
            "Somebody is away",
            "Record the absence",
            "The absence is on record. From its first day what waits for them is in the inbox of whoever covers.",
            _absence_fields,
            _absence,
            lambda ground: {"from": (ground.today,)},
        ),
        "duty": TeamForm(
            "A turn of duty",
            "Record the turn",
            "The turn of duty is on record.",
            _duty_fields,
            _duty,
            lambda ground: {"from": (ground.today,)},
        ),
        "member": TeamForm("Somebody joins the team", "Add them", "They are on record as a member of the team.", _member_fields, _member),
        "manager": TeamForm(
            "Somebody manages the team",
            "Add them",
            "They are on record as a manager of the team.",
            _manager_fields,
            _manager,
            lambda _: {"level": ("1",)},
        ),
        "leaves": TeamForm("Somebody leaves the team", "Record it", "Their last day is on record.", _leaves_fields, _leaves),
        "hours": TeamForm(
            "Hours, and the desk out of hours", "Record the hours", "The hours are on record.", _hours_fields, _hours, _hours_begin
        ),
        "deputy": TeamForm(
            "The deputy",
            "Record the deputy",
            "The deputy is on record.",
            _deputy_fields,
            _deputy,
            lambda ground: {"deputy": (ground.team.deputy or "",)},
        ),
    }
)
"""By the word that stands in its address."""
