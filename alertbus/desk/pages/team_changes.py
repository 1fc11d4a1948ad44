"""`/team/{id}/...`: a manager changes their agency's team, one thing at a time, by the version that they saw: nobody overwrites anybody."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Request
from fastapi.datastructures import FormData
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from alertbus.desk.desk import Desk, desk_of
from alertbus.desk.team_cards import spell_key
from alertbus.desk.team_forms import FORMS, FormGround
from alertbus.desk.typed import FieldsRefused, TypedFields, typed
from alertbus.desk.visitor import Visitor
from alertbus.model.case import begins
from alertbus.model.errors import InvalidInput, NotFound, VersionConflict
from alertbus.model.rights import Right
from alertbus.model.team import TEAM_ID, Absence, DutyTurn, Team, worker_ref

_OfTeam = TypeVar("_OfTeam", Absence, DutyTurn)

router = APIRouter(prefix="/team", include_in_schema=False)

TeamOfPage = Annotated[str, Path(pattern=TEAM_ID, max_length=200)]
_CANNOT_BE = "A team cannot be so. Look at the days and the names, and press again."
_MOST_TEAMS = 200


@router.get("/new")
async def new(request: Request) -> Response:
    """The form for a team that is not recorded yet."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.STAFF)
    return desk.shown(request, visitor, "team_new.html", name="", fault=None)


@router.post("/new")
async def make(request: Request) -> Response:
    """Record a team, with the visitor as its manager. Its id is given: no name of anybody may stand in one."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.STAFF)
    name = typed(_fields(await desk.door.checked_form(request)), "name")
    await desk.intake.teams.book.renew()
    staff = desk.intake.teams.book.staffing.of(visitor.at)
    taken = set() if staff is None else set(staff.by_id)
    team_id = next(one for n in range(1, _MOST_TEAMS) if (one := f"{visitor.at}.team-{n}") not in taken)
    try:
        stated = Team.model_validate({"id": team_id, "agency": visitor.at, "name": name, "managers": [{"name": visitor.name}]})
        await desk.intake.teams.put(stated, visitor.caller, 0, by=visitor.name)
    except ValidationError:
        fault = "Enter a name for the team, such as Health visiting, north" if len(name) < 2 else "Enter a shorter name"  # noqa: PLR2004
        return desk.shown(request, visitor, "team_new.html", status=422, name=name, fault=fault)
    except VersionConflict:
        fault = "Somebody else has just recorded a team. Look whether it is this one; if not, press again"
        return desk.shown(request, visitor, "team_new.html", status=409, name=name, fault=fault)
    return RedirectResponse("/team?changed=new", 303)


@router.get("/{team_id}/{word}")
async def form(team_id: TeamOfPage, word: str, request: Request) -> Response:
    """One form, with what stands."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.STAFF)
    ground = await _ground(desk, visitor, team_id)
    if word not in FORMS:
        raise NotFound("no such form")
    return _form(request, desk, visitor, ground, word, FORMS[word].begin(ground))


@router.post("/{team_id}/back")
async def back(team_id: TeamOfPage, request: Request) -> Response:
    """Somebody is back: their absence ends now, or is taken out if it has not begun. Gives what was answered meanwhile."""

    def ended(team: Team, key: str, desk: Desk) -> tuple[Team, str] | None:
        if (cut := _cut_short(team.absences, key, desk.now())) is None:
            return None
        found, kept, begun = cut
        where = f"/team/returned/{worker_ref(team.agency, found.who)}" if begun else "/team?changed=back"
        return team.model_copy(update={"absences": kept}), where

    return await _ended(request, team_id, ended)


@router.post("/{team_id}/over")
async def over(team_id: TeamOfPage, request: Request) -> Response:
    """A turn of duty ends now, or is taken out if it has not begun."""

    def ended(team: Team, key: str, desk: Desk) -> tuple[Team, str] | None:
        cut = _cut_short(team.duty, key, desk.now())
        return None if cut is None else (team.model_copy(update={"duty": cut[1]}), "/team?changed=over")

    return await _ended(request, team_id, ended)


def _cut_short(spells: tuple[_OfTeam, ...], key: str, now: datetime) -> tuple[_OfTeam, tuple[_OfTeam, ...], bool] | None:
    """Give the spell of this key, what stands when it ends now, and whether it had begun: else it is taken out. None: it is gone."""
    found = next((one for one in spells if spell_key(one) == key), None)
    if found is None:
        return None
    kept: list[_OfTeam] = [one for one in spells if one is not found]
    begun = found.from_ is None or begins(found.from_) <= now
    if begun:
        kept.append(found.model_validate(found.model_dump(by_alias=True) | {"to": now}))
    return found, tuple(kept), begun


@router.post("/{team_id}/{word}")
async def change(team_id: TeamOfPage, word: str, request: Request) -> Response:
    """Record what the form says of the version that its sender saw. Where another one stands, the form comes back with what was typed."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.STAFF)
    fields = _fields(await desk.door.checked_form(request))
    ground = await _ground(desk, visitor, team_id)
    if word not in FORMS:
        raise NotFound("no such form")
    try:
        if typed(fields, "version") != str(ground.team.version):
            raise VersionConflict("another version stands")  # noqa: TRY301
        await desk.intake.teams.put(FORMS[word].changed(ground, fields), visitor.caller, ground.team.version, by=visitor.name)
    except VersionConflict:
        ground = await _ground(desk, visitor, team_id)
        return _form(request, desk, visitor, ground, word, fields, conflict=True)
    except FieldsRefused as refused:
        return _form(request, desk, visitor, ground, word, fields, faults=refused.faults)
    except (InvalidInput, ValidationError):
        return _form(request, desk, visitor, ground, word, fields, faults={"": _CANNOT_BE})
    return RedirectResponse(f"/team?changed={word}", 303)


async def _ended(request: Request, team_id: str, ended: Callable[[Team, str, Desk], tuple[Team, str] | None]) -> Response:
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.STAFF)
    fields = _fields(await desk.door.checked_form(request))
    team = (await _ground(desk, visitor, team_id)).team
    found = ended(team, typed(fields, "key"), desk)
    try:
        if found is None:
            raise VersionConflict("it stands no more")  # noqa: TRY301
        await desk.intake.teams.put(found[0].as_stated(), visitor.caller, team.version, by=visitor.name)
    except VersionConflict:
        words = ("Somebody else has changed the team meanwhile. Look at how it stands now, and press again if it is still needed.",)
        return desk.shown(request, visitor, "fault.html", status=409, title="The team has changed", words=words)
    return RedirectResponse(found[1], 303)


def _form(
    request: Request,
    desk: Desk,
    visitor: Visitor,
    ground: FormGround,
    word: str,
    fields: TypedFields,
    *,
    faults: Mapping[str, str] | None = None,
    conflict: bool = False,
) -> Response:
    """The form with what is in it, what is wrong with it, and the version that stands: what is pressed next is said of that one."""
    form_ = FORMS[word]
    return desk.shown(
        request,
        visitor,
        "team_form.html",
        status=409 if conflict else 422 if faults else 200,
        form=form_,
        word=word,
        team=ground.team,
        questions=form_.fields(ground),
        typed={name: list(values) for name, values in fields.items()},
        faults=faults or {},
        conflict=conflict,
    )


async def _ground(desk: Desk, visitor: Visitor, team_id: str) -> FormGround:
    """The team as it stands. Raises `NotFound` for another agency's, exactly as for one that does not exist."""
    team = await desk.intake.teams.get(team_id)
    if not visitor.caller.staffs(team.agency) or team.exercise is not None:
        raise NotFound("no such team of yours")
    await desk.intake.teams.book.renew()
    return FormGround(team, desk.intake.teams.book.staffing.of(team.agency), desk.now(), desk.policy)


def _fields(form: FormData) -> dict[str, Sequence[str]]:
    return {name: [one for one in form.getlist(name) if isinstance(one, str)] for name in form}
