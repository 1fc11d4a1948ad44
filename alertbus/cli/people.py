"""`alertbus people`: a person states that two people are one, or are two, and may take it back."""

import asyncio
import re
from typing import Annotated, Any

import typer

from alertbus.cli.output import as_json, say
from alertbus.model.identifiers import IdentifierSystem
from alertbus.run.client import Client
from alertbus.settings import load_settings

app = typer.Typer(help="Who is who: merge and split.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(help="case-id/key, system:number (nhs_number:..., pnc:...), or a person's id.", show_default=False)]
By = Annotated[str, typer.Option(help="Who states it: a person's name.")]
Note = Annotated[str | None, typer.Option(help="Why, for the audit.")]
TakeBack = Annotated[bool, typer.Option("--take-back", help="What was stated of these two before counts no longer.")]
Exercise = Annotated[str | None, typer.Option(help="In this exercise; without it, of real people.")]


@app.command()
def merge(
    one: Who,
    other: Who,
    by: By,
    note: Note = None,
    take_back: TakeBack = False,
    exercise: Exercise = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Two people are one: what stands about either meets the cases of both."""
    _state("merges", (one, other), by, note, take_back=take_back, exercise=exercise, json_=json_)


@app.command()
def split(
    one: Who,
    other: Who,
    by: By,
    note: Note = None,
    take_back: TakeBack = False,
    exercise: Exercise = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Two people are two: whatever joined them counts no longer, and who was told by it hears that."""
    _state("splits", (one, other), by, note, take_back=take_back, exercise=exercise, json_=json_)


def _state(what: str, who: tuple[str, str], by: str, note: str | None, *, take_back: bool, exercise: str | None, json_: bool) -> None:
    body: dict[str, Any] = {"people": [pointed_at(one) for one in who], "by": by, "taken_back": take_back}
    body |= {name: value for name, value in (("note", note), ("exercise", exercise)) if value is not None}
    answer = asyncio.run(_send(what, body))
    if json_:
        as_json(answer)
        return
    done = {"merges": "they are one person", "splits": "they are two people"}[what]
    say(f"{'taken back: ' if take_back else ''}{done}{' (said before; nothing new)' if answer['repeated'] else ''}")
    if answer["waits"]:
        say("Nobody is known by one of the numbers yet: it counts from when somebody is.")


async def _send(what: str, body: dict[str, Any]) -> dict[str, Any]:
    async with Client.of(load_settings()) as client:
        return dict(await client.call("POST", f"/v1/people/{what}", json=body))


def pointed_at(text: str) -> dict[str, Any]:
    """Read how somebody is pointed at. Raises `typer.BadParameter`, which does not repeat it: there may be a number in it."""
    system, colon, value = text.partition(":")
    if colon and system in set(IdentifierSystem):
        return {"identifier": {"system": system, "value": value}}
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text):
        return {"person_id": text}
    case_id, slash, key = text.partition("/")
    if slash and case_id and key:
        return {"case_id": case_id, "key": key}
    raise typer.BadParameter(f"expected case-id/key, system:number or a person's id; the systems are {', '.join(IdentifierSystem)}")
