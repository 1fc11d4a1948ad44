"""`alertbus cases`: import, show, chronology, status."""

import asyncio
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from alertbus.cli.files import entries_of
from alertbus.cli.output import as_it_is, as_json, pairs, progress, rows, say, to_the_minute
from alertbus.gateway.bodies import read_data
from alertbus.model.case import Case, Level
from alertbus.model.errors import Fault, InvalidInput
from alertbus.run.client import Client
from alertbus.settings import load_settings

app = typer.Typer(help="Cases: import, show, chronology, status.", no_args_is_help=True)

PATIENCE_S = 15.0


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    HTML = "html"
    PDF = "pdf"


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="JSON: one case snapshot, a list of them, or JSON Lines.")],
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Record case snapshots through the gateway. Each is whole; the same again changes nothing. All are checked first."""
    snapshots = _read(file)
    recorded = asyncio.run(_import(snapshots))
    if json_:
        as_json(recorded)
    else:
        rows("Recorded", ("case", "version"), [(r["id"], r["version"]) for r in recorded], empty="Nothing to import.")


def _read(file: Path) -> list[Case]:
    cases: list[Case] = []
    faults: list[Fault] = []
    for number, entry in enumerate(entries_of(file)):
        try:
            cases.append(read_data(Case, entry, prefix=f"[{number}]"))
        except InvalidInput as refused:
            faults += refused.faults
    if faults:
        raise InvalidInput(faults)
    return cases


async def _import(snapshots: list[Case]) -> list[dict[str, Any]]:
    recorded = []
    async with Client.of(load_settings(), patience_s=PATIENCE_S) as client:
        with progress("cases", len(snapshots)) as tick:
            for case in snapshots:
                body = json.loads(case.model_dump_json(by_alias=True, exclude_defaults=True))
                recorded.append(await client.call("PUT", f"/v1/cases/{case.id}", json=body))
                tick()
    return recorded


@app.command()
def show(case_id: str, json_: Annotated[bool, typer.Option("--json")] = False) -> None:
    """A case as it stands: who is on it, and which agencies."""
    case = asyncio.run(_get(case_id))
    if json_:
        as_json(json.loads(case.model_dump_json(by_alias=True, exclude_defaults=True)))
        return
    pairs({"case": case.id, "version": case.version, "status": case.status, "exercise": case.exercise})
    links = {link.person: link for link in case.links}
    rows(
        "People",
        ("key", "called", "relation", "certainty", "on the case"),
        [(p.key, p.shown, links[p.key].relation, links[p.key].certainty, _spell(links[p.key])) for p in case.people if p.key in links],
        empty="Nobody.",
    )
    told = [i for i in case.involvements if i.level is Level.AGENCY]
    rows("Agencies", ("agency", "because", "for", "from - to"), [(i.agency, i.scope, i.adult, _spell(i)) for i in told], empty="None.")


def _spell(spell: Any) -> str:
    return f"{spell.from_ or '...'} - {spell.to or '...'}"


async def _get(case_id: str) -> Case:
    async with Client.of(load_settings()) as client:
        return Case.model_validate(await client.call("GET", _address(case_id)))


def _address(case_id: str) -> str:
    return f"/v1/cases/{quote(case_id, safe='')}"


@app.command()
def chronology(
    case_id: str,
    format_: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.TEXT,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """The dated, multi-agency, verbatim history of a case (CHR-01). For the case holder: it is not minimised."""
    chosen = Format.JSON if json_ else format_
    written = asyncio.run(_chronology(case_id, chosen))
    if chosen is Format.TEXT:
        say(written.decode().rstrip("\n"))
    else:
        as_it_is(written)


async def _chronology(case_id: str, wanted: Format) -> bytes:
    async with Client.of(load_settings()) as client:
        return await client.file(f"{_address(case_id)}/chronology", format=wanted.value)


@app.command()
def status(
    case_id: str,
    agency: Annotated[str | None, typer.Option(help="Ask as this agency; without it as who holds cases.")] = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """How a case stands: plan, since when, by whose word, who holds it, consent, last sight of each child, and gaps in the record."""
    found = asyncio.run(_status(case_id, agency))
    if json_:
        as_json(found)
        return
    holder, consent = found["holder"] or {}, found["consent"] or {}
    pairs(
        {
            "case": found["case_id"],
            "as of": to_the_minute(found["as_of"]),
            "open": {True: "yes", False: "no", None: "not stated"}[found["open"]],
            "status": found["status"],
            "since": found["since"],
            "by whose word": found["authority"] or ("the case file" if found["said_in"] else None),
            "plans on file": ", ".join(found["plans"]) or None,
            "consent": f"{consent['state']} to {consent['plan'] or 'no plan on file'}, since {consent['since'] or 'not stated'}"
            if consent
            else None,
            "held by": ", ".join(filter(None, (holder.get(part) for part in ("agency", "team", "worker", "manager")))) or None,
            "how to reach them": found["contact"],
            "differs": found["mismatch"],
            "left out": ", ".join(found["withheld"]) or None,
        }
    )
    if found["last_seen"]:
        seen = [
            (one["called"], one["on"] or "not stated", one["how"], one["by"], "yes" if one["alone"] else "") for one in found["last_seen"]
        ]
        rows("Last seen", ("child", "on", "how", "by", "alone"), seen, empty="")
    if found["gaps"]:
        gaps = [(one["plan"], one["since"], f"{one['followed_by']}, {one['followed_on']}") for one in found["gaps"]]
        rows("No end is recorded", ("plan", "since", "followed by"), gaps, empty="")


async def _status(case_id: str, agency: str | None) -> Any:
    async with Client.of(load_settings()) as client:
        return await client.call("GET", f"{_address(case_id)}/status", **({"params": {"agency": agency}} if agency else {}))
