"""`alertbus teams`: who answers for an agency, who is away, and what was answered meanwhile."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from alertbus.cli.files import entries_of
from alertbus.cli.output import NO, as_json, pairs, rows, say, to_the_minute
from alertbus.gateway.bodies import read_data
from alertbus.model.errors import Fault, InvalidInput, NotFound
from alertbus.model.team import Absence, Team, holds, worker_ref
from alertbus.run.client import CallRefused, Client
from alertbus.settings import load_settings

app = typer.Typer(help="Teams: who answers for an agency, who is away, who covers.", no_args_is_help=True)

PATIENCE_S = 15.0
CONFLICT = 412

TeamsOfAgency = Annotated[str | None, typer.Option(help="Whose teams; left out for the caller's own.")]
TeamId = Annotated[str, typer.Option("--team", help="The team's id: the agency's name, a dot, a short word.")]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="JSON: one team, a list of them, or JSON Lines.")],
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Record teams through the gateway. Each is whole; the same again changes nothing. All are checked first."""
    recorded = asyncio.run(_import(_read(file)))
    if json_:
        as_json([{"id": one["id"], "version": one["version"]} for one in recorded])
    else:
        rows("Recorded", ("team", "version"), [(one["id"], one["version"]) for one in recorded], empty="Nothing to import.")


def _read(file: Path) -> list[Team]:
    teams: list[Team] = []
    faults: list[Fault] = []
    for number, entry in enumerate(entries_of(file)):
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            entry.setdefault("agency", entry["id"].rpartition(".")[0])
        try:
            teams.append(read_data(Team, entry, prefix=f"[{number}]"))
        except InvalidInput as refused:
            faults += refused.faults
    if faults:
        raise InvalidInput(faults)
    return teams


async def _import(teams: list[Team]) -> list[dict[str, Any]]:
    async with Client.of(load_settings(), patience_s=PATIENCE_S) as client:
        return [await client.call("PUT", f"/v1/teams/{one.id}", json=_stated(one)) for one in teams]


def _stated(one: Team) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(one.as_stated().model_dump_json(by_alias=True, exclude_defaults=True))
    return said


@app.command()
def show(
    team_id: Annotated[str | None, typer.Argument()] = None,
    agency: TeamsOfAgency = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """One team, or all of an agency, and when in the next seven days nobody would answer or cover."""
    shown = asyncio.run(_shown(agency or (team_id.rpartition(".")[0] if team_id else None)))
    if team_id is not None:
        shown = {
            "teams": [one for one in shown["teams"] if one["id"] == team_id],
            "people": shown["people"],
            "gaps": [gap for gap in shown["gaps"] if gap["team"] == team_id],
        }
        if not shown["teams"]:
            raise NotFound("no such team of yours; `alertbus teams show` lists them")
    if json_:
        as_json(shown)
        return
    for one in map(Team.model_validate, shown["teams"]):
        _show(one)
    if not shown["teams"]:
        say("No teams: whoever a case names is told. `alertbus teams import` records some.")
    rows(
        "Gaps", ("team", "from", "until", "what"), [(g["team"], g["since"], g["until"], g["what"]) for g in shown["gaps"]], empty="No gaps."
    )


def _show(one: Team) -> None:
    desk = one.out_of_hours
    hours = ", ".join(f"{' '.join(h.days) or 'working days'} {h.opens:%H:%M}-{h.closes:%H:%M}" for h in one.hours) or "always"
    pairs(
        {
            "team": f"{one.id} ({one.name})",
            "version": one.version,
            "hours": hours,
            "out of hours": (desk.team or desk.text) if desk else None,
            "deputy": one.deputy,
        }
    )
    people = [(m.name, "member", ", ".join(m.roles), _spell(m)) for m in one.members]
    people += [(m.name, f"manager, level {m.level}", ", ".join(m.roles), _spell(m)) for m in one.managers]
    rows("People", ("name", "as", "roles", "from - to"), people, empty="Nobody.")
    away = [(a.who, _spell(a), a.cover or "nobody covers") for a in one.absences]
    rows("Absences", ("who", "from - to", "cover"), away, empty="Nobody is away.")
    rows("Duty", ("who", "from - to"), [(turn.who, _spell(turn)) for turn in one.duty], empty="No turns of duty.")
    say()


def _spell(spell: Any) -> str:
    return f"{spell.from_ or '...'} - {spell.to or '...'}"


@app.command()
def who(
    agency: Annotated[str, typer.Option(help="For which agency.")],
    role: Annotated[str | None, typer.Option(help="In which role of the policy; left out for the agency's usual one.")] = None,
    worker: Annotated[str | None, typer.Option(help="Whom a case names for it.")] = None,
    at: Annotated[str | None, typer.Option(help="When, as 2026-12-07T10:00:00Z; left out for now.")] = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Who answers, and why it is they: everybody who was passed over, with the reason. Exit 1 where nobody does."""
    asked = {name: value for name, value in (("agency", agency), ("role", role), ("worker", worker), ("at", at)) if value is not None}
    found = asyncio.run(_ask("POST", "/v1/teams/answering", json=asked))
    if json_:
        as_json(found)
    else:
        pairs({"answers": found["who"], "team": found["team"], "reached now": found["desk"]})
        for line in found["trail"]:
            say(f"  {line}")
    if found["who"] is None and found["desk"] is None:
        raise typer.Exit(NO)


@app.command()
def absent(
    name: Annotated[str, typer.Argument(help="Who is away.")],
    team: TeamId,
    from_: Annotated[str | None, typer.Option("--from", help="A day or a moment; left out for now.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="The last day, or a moment; left out where it is not known.")] = None,
    cover: Annotated[str | None, typer.Option(help="Who covers.")] = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Somebody of a team is away, and who covers: what is open of theirs is the cover's from then on, and theirs again on their return."""
    absence = {"who": name, "from": from_ or _now(), "to": to, "cover": cover}
    said = {field: value for field, value in absence.items() if value is not None}
    recorded = asyncio.run(_change(team, lambda one: {**one, "absences": [*one.get("absences", []), said]}))
    if json_:
        as_json({"id": recorded["id"], "version": recorded["version"]})
    else:
        say(f"{recorded['id']} version {recorded['version']}: {name} is away{f', and {cover} covers' if cover else ', and nobody covers'}.")


@app.command()
def returned(
    name: Annotated[str, typer.Argument(help="Who is back.")], team: TeamId, json_: Annotated[bool, typer.Option("--json")] = False
) -> None:
    """Somebody is back: an absence of theirs that goes on ends now, and what was answered for them meanwhile is listed, by whom."""
    agency = team.rpartition(".")[0]
    ref, now = worker_ref(agency, name), _now()

    def back(one: dict[str, Any]) -> dict[str, Any]:
        return {**one, "absences": [_ended(away, agency, ref, now) for away in one.get("absences", [])]}

    asyncio.run(_change(team, back))
    found = asyncio.run(_ask("GET", "/v1/inbox/returned", params={"agency": agency, "worker": ref}))
    if json_:
        as_json(found)
        return
    away = found["away"]
    say(f"Away from {to_the_minute(away['from'])} to {to_the_minute(away['to'])}. What is not answered is in the inbox of {name} again.")
    lines = [
        (
            to_the_minute(i["acknowledged_at"]),
            i["acknowledged_by"],
            i["acknowledged_intent"],
            i["notice"]["title"],
            i["obligation"]["case_id"],
            i["id"],
        )
        for i in found["items"]
    ]
    rows(
        "Answered meanwhile",
        ("when", "by", "intent", "what", "case", "obligation"),
        lines,
        empty="Nothing of theirs was answered meanwhile.",
    )


def _ended(absence: dict[str, Any], agency: str, ref: str, now: str) -> dict[str, Any]:
    """Give the absence as it ends now, if it is this person's and goes on."""
    if worker_ref(agency, absence["who"]) != ref or not _goes_on(absence, now):
        return absence
    return {**absence, "to": now}


def _goes_on(absence: dict[str, Any], now: str) -> bool:
    return holds(Absence.model_validate(absence), datetime.fromisoformat(now))


async def _change(team_id: str, changed: Any) -> dict[str, Any]:
    """Read the team, change it, and send it back; once more if somebody else has changed it meanwhile."""
    async with Client.of(load_settings(), patience_s=PATIENCE_S) as client:
        for last in (False, True):
            before = await client.call("GET", f"/v1/teams/{team_id}")
            after = changed(before)
            if after == before:
                return dict(before)
            try:
                return dict(await client.call("PUT", f"/v1/teams/{team_id}", json=after, headers={"if-match": f'"{before["version"]}"'}))
            except CallRefused as refused:
                if last or refused.status != CONFLICT:
                    raise
    raise AssertionError("the second time returns or raises")


async def _shown(agency: str | None) -> dict[str, Any]:
    return await _ask("GET", "/v1/teams", params={"agency": agency} if agency else {})


async def _ask(method: str, path: str, **options: Any) -> dict[str, Any]:
    async with Client.of(load_settings()) as client:
        return dict(await client.call(method, path, **options))


def _now() -> str:
    """Give the moment whole: cut to the second, an absence would end before what was answered in its last one."""
    return datetime.now(UTC).isoformat()
