"""`/v1/teams`: who answers for an agency, as it says itself. No name of anybody stands in an address: there is `ref` instead."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from alertbus.gateway.bodies import read, read_data, read_json
from alertbus.gateway.context import CurrentCaller, CurrentGateway, Gateway, answers
from alertbus.gateway.preconditions import expected_version
from alertbus.model.base import Moment, Word
from alertbus.model.case import AGENCY_NAME
from alertbus.model.errors import Fault, InvalidInput, NotAllowed, NotFound
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.model.team import ROLE, Answering, Team
from alertbus.serving.teams_shown import NO_TEAM, TeamsShown, teams_seen
from alertbus.staff.answering import answering

router = APIRouter(prefix="/v1/teams", tags=["teams"])

_TEAM = {"schema": {"$ref": "#/components/schemas/Team"}}
_STANDS: dict[int | str, dict[str, Any]] = {200: {"description": "The version that stands", "content": {"application/json": _TEAM}}}


class WhoAnswers(Word):
    """A question: who answers for an agency, in a role, in the place of whom a case names for it."""

    agency: Annotated[str, S.ROUTING] = Field(pattern=AGENCY_NAME, max_length=120)
    role: Annotated[str | None, S.ROUTING] = Field(default=None, pattern=ROLE)
    """The policy's role of the agency when not given."""
    worker: Annotated[str | None, S.ROUTING] = Field(default=None, min_length=2, max_length=120)
    at: Annotated[Moment | None, S.ROUTING] = None
    """Now when not given."""
    exercise: Annotated[str | None, S.ROUTING] = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,60}$")


@router.put(
    "/{team_id}",
    summary="Record a team",
    responses=answers(412, 413, also={**_STANDS, 201: {"description": "The first version", "content": {"application/json": _TEAM}}}),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": _TEAM}}},
)
async def put_team(
    team_id: str,
    request: Request,
    gateway: CurrentGateway,
    caller: CurrentCaller,
    if_match: Annotated[str | None, Header(description='the version you changed, as in "3"')] = None,
    if_none_match: Annotated[str | None, Header(description="* to create only")] = None,
) -> Response:
    """The whole team as it now is: members, managers, deputy, hours, out-of-hours desk, absences with their covers, duty. For the agency's
    own teams, whose ids begin with its name. The same content again is the version that stands; `ETag` is the version.
    """
    if not caller.staffs(team_id.rpartition(".")[0]):
        raise NotAllowed(_NOT_YOURS)
    stated = _team(team_id, await request.body())
    expected = await expected_version("team", if_match, if_none_match, lambda: _standing(team_id, gateway))
    recorded = await gateway.intake.teams.put(stated, caller, expected)
    return _answer(recorded, 201 if recorded.version == 1 else 200)


@router.get("/{team_id}", summary="A team", responses=answers(404, also=_STANDS))
async def get_team(team_id: str, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """The whole team as it stands, for its own agency; `ETag` is its version, for `If-Match` in the next PUT."""
    found = await gateway.intake.teams.get(team_id)
    if not caller.sees_staff_of(found.agency):
        raise NotFound(NO_TEAM)
    return _answer(found)


@router.get("", summary="An agency's teams", response_model=TeamsShown, responses=answers(404))
async def get_teams(
    gateway: CurrentGateway,
    caller: CurrentCaller,
    agency: Annotated[str | None, Query(description="the caller's own agency; another's is 404", max_length=120)] = None,
) -> Response:
    """The teams of the caller's agency, the `ref` of everybody in them, how long what they are asked has waited, by team and never by
    person, and the gaps of the next seven days: when nobody answers for a team, or nobody covers for somebody who is away.
    """
    wanted = agency or caller.agency
    if wanted is None:
        raise InvalidInput([Fault("agency", "the agency whose teams are asked for", "missing")])
    seen = await teams_seen(gateway.intake, caller, wanted, gateway.now())
    return JSONResponse(seen.shown.model_dump(mode="json", by_alias=True))


@router.post(
    "/answering",
    summary="Who answers for an agency",
    response_model=Answering,
    responses=answers(404, 413),
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/WhoAnswers"}}}}
    },
)
async def who_answers(request: Request, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """The person, the desk that is open besides if their team is closed, and the trail: who was passed over, each with the reason. Where
    nobody is found the trail ends with `NOBODY`. Asked by POST, because the names of people must not stand in an address.
    """
    asked = read(WhoAnswers, await request.body())
    if not caller.sees_staff_of(asked.agency):
        raise NotFound(NO_TEAM)
    staffing = await gateway.intake.teams.book.fresh()
    role = asked.role or gateway.policy.agency(asked.agency).role
    found = answering(staffing, asked.agency, role, asked.worker, asked.at or gateway.now(), gateway.policy, exercise=asked.exercise)
    return JSONResponse(found.model_dump(mode="json"))


_NOT_YOURS = "the right `staff` of this caller is for the teams of its own agency, whose name their ids begin with"


def _team(team_id: str, body: bytes) -> Team:
    data = read_json(body)
    if isinstance(data, dict):
        if data.setdefault("id", team_id) != team_id:
            raise InvalidInput([Fault("id", "the team id of the address, or none", "inconsistent")])
        data.setdefault("agency", team_id.rpartition(".")[0])
        for given_by_the_bus in ("version", "known_at"):
            data.pop(given_by_the_bus, None)
    return read_data(Team, data)


async def _standing(team_id: str, gateway: Gateway) -> int:
    return (await gateway.intake.teams.get(team_id)).version


def _answer(recorded: Team, status: int = 200) -> Response:
    headers = {"ETag": f'"{recorded.version}"', "Location": f"/v1/teams/{recorded.id}"}
    return JSONResponse(recorded.model_dump(mode="json", by_alias=True, exclude_defaults=True), status, headers)
