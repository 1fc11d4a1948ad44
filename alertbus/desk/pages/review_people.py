"""`/reviews/people`: a person states that two people are one, or are two, apart from any question; and takes it back. For who holds cases.

What was typed may be a number of somebody's, so no page here has an address that says of whom it was: the answer to the form is the page
itself. Sent again by a reload it changes nothing, because the same statement a second time has no second effect.
"""

import re
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from fastapi.datastructures import FormData
from pydantic import ValidationError
from starlette.responses import Response

from alertbus.desk.desk import Desk, desk_of
from alertbus.desk.visitor import Visitor
from alertbus.directory.who_is_who import WhoIsWho
from alertbus.intake.people import OutcomeOfPeople, StatedOfPeople
from alertbus.model.errors import InvalidInput, NotFound
from alertbus.model.identifiers import IdentifierSystem
from alertbus.model.identity import PersonMerged, PersonPointer, PersonSplit
from alertbus.model.validation import faults_of
from alertbus.serving.people_stated import must_hold_every_case, state_of_people

router = APIRouter(prefix="/reviews/people", include_in_schema=False)

_KINDS: dict[str, type[WhoIsWho]] = {"merge": PersonMerged, "split": PersonSplit}
_FIELDS = ("one_case", "one_key", "one_system", "one_number", "other_case", "other_key", "other_system", "other_number", "note", "exercise")
_SYSTEMS = [(one.value, one.label) for one in IdentifierSystem if one not in {IdentifierSystem.UPRN, IdentifierSystem.LA_CHILD_ID}]


@dataclass(slots=True)
class PeopleTyped:
    """The form as it was sent, what it says, and what is wrong with it, by field."""

    values: dict[str, str] = field(default_factory=lambda: dict.fromkeys(_FIELDS, ""))
    kind: str = ""
    taken_back: bool = False
    faults: dict[str, str] = field(default_factory=dict)
    stated: StatedOfPeople | None = None

    @property
    def called(self) -> tuple[str, str]:
        """The two, as they were pointed at."""
        return self._called("one"), self._called("other")

    def _called(self, which: str) -> str:
        of = {name: self.values[f"{which}_{name}"] for name in ("case", "key", "system", "number")}
        if of["number"]:
            return f"whoever has {dict(_SYSTEMS).get(of['system'], of['system'])} {of['number']}"
        return f"“{of['key']}” on case {of['case']}"


@router.get("")
async def form(request: Request) -> Response:
    """The empty form."""
    desk = desk_of(request)
    visitor = await desk.visitor(request)
    must_hold_every_case(visitor.caller)
    return _shown(desk, request, visitor, PeopleTyped(), "review_people.html")


@router.post("")
async def state(request: Request) -> Response:
    """Show what would be stated and what follows; once that is confirmed, state it in the visitor's own name."""
    desk = desk_of(request)
    visitor = await desk.visitor(request)
    must_hold_every_case(visitor.caller)
    sent = await desk.door.checked_form(request)
    typed = _typed(sent, visitor)
    if typed.faults or typed.stated is None or sent.get("change"):
        return _shown(desk, request, visitor, typed, "review_people.html", status=422 if typed.faults else 200)
    if sent.get("confirmed") != "yes":
        return _shown(desk, request, visitor, typed, "review_people_confirm.html")
    try:
        outcome = await state_of_people(desk.intake, desk.policy, _KINDS[typed.kind], typed.stated, visitor.caller)
    except NotFound:
        typed.faults["one_case"] = (
            "Nothing was said of these two that could be taken back. Point at them as it was done then."
            if typed.taken_back
            else "One of the two is not on the case named. The case file gives the keys of its people."
        )
    except InvalidInput as error:
        typed.faults["one_case"] = "; ".join(fault.expected for fault in error.faults)
    else:
        return _shown(desk, request, visitor, typed, "review_people_done.html", outcome=outcome)
    return _shown(desk, request, visitor, typed, "review_people.html", status=422)


def _shown(
    desk: Desk,
    request: Request,
    visitor: Visitor,
    typed: PeopleTyped,
    template: str,
    *,
    status: int = 200,
    outcome: OutcomeOfPeople | None = None,
) -> Response:
    return desk.shown(request, visitor, template, status=status, typed=typed, systems=_SYSTEMS, outcome=outcome)


def _typed(sent: FormData, visitor: Visitor) -> PeopleTyped:
    typed = PeopleTyped({name: _text(sent, name) for name in _FIELDS}, _text(sent, "kind"), sent.get("taken_back") == "yes")
    if typed.kind not in _KINDS:
        typed.faults["kind"] = "Choose whether they are one person or two."
    people = [_pointer(typed, which) for which in ("one", "other")]
    if typed.faults:
        return typed
    said = {"people": people, "by": visitor.name, "note": typed.values["note"] or None, "taken_back": typed.taken_back}
    try:
        typed.stated = StatedOfPeople.model_validate(said | {"exercise": typed.values["exercise"] or None})
    except ValidationError as error:
        places = {re.split(r"[.\[]", one.path, maxsplit=1)[0] for one in faults_of(error)}
        typed.faults |= {name: words for name, words in _WRONG.items() if name in places}
        typed.faults = typed.faults or {"one_case": "Something here is not as the bus takes it."}
        return typed
    if people[0] == people[1]:
        typed.faults["other_case"] = "Point at two people: this is the same one twice."
    return typed


_WRONG = {"note": "Write at most 500 characters.", "exercise": "An exercise has letters, digits, _ and - in its name, at most 60."}


def _pointer(typed: PeopleTyped, which: str) -> PersonPointer | None:
    """Read how one of them is pointed at: by a number, else by a case and the person's key on it."""
    case, key, system, number = (typed.values[f"{which}_{name}"] for name in ("case", "key", "system", "number"))
    who = "the first person" if which == "one" else "the second person"
    if bool(number) == bool(case or key):
        typed.faults[f"{which}_case"] = f"Say who {who} is in one way: a case with their key on it, or a number."
        return None
    try:
        if number:
            return PersonPointer.model_validate({"identifier": {"system": system, "value": number}})
        return PersonPointer.model_validate({"case_id": case or None, "key": key or None})
    except ValidationError:
        place, words = (
            (f"{which}_number", f"The number of {who} is not one of that kind.")
            if number
            else (
                f"{which}_case",
                f"Give both the case and the key of {who}, as the case file has them.",
            )
        )
        typed.faults[place] = words
        return None


def _text(sent: FormData, name: str) -> str:
    value = sent.get(name)
    return value.strip() if isinstance(value, str) else ""
