"""`alertbus answer`: a named person answers an obligation, says what was done, or takes an answer back."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

import typer

from alertbus.cli.output import as_json, say, to_the_minute
from alertbus.model.receipt import Intent
from alertbus.run.client import Client
from alertbus.settings import load_settings


def answer(
    obligation: Annotated[str, typer.Argument(metavar="OBLIGATION", help="Its id, as `alertbus inbox` or the notice gives it.")],
    by: Annotated[str, typer.Option(help="Who answers: a person's name.")],
    intent: Annotated[
        Intent | None,
        typer.Option(
            help="acting: it is answered. passing_on, with --to: it waits until somebody acts. not_ours, with --note: a human looks."
        ),
    ] = None,
    to: Annotated[str | None, typer.Option(help="With passing_on: the person to whom it goes.")] = None,
    note: Annotated[str | None, typer.Option(help="For the record; with not_ours the reason.")] = None,
    role: Annotated[str | None, typer.Option(help="As what they answer.")] = None,
    acted: Annotated[str | None, typer.Option(metavar="WHAT", help="What was done. It needs no answer before it.")] = None,
    undo: Annotated[
        str | None, typer.Option(metavar="RECEIPT", help="The receipt of an answer that is taken back, within minutes of it.")
    ] = None,
    agency: Annotated[str | None, typer.Option(help="As this agency; needed only where no callers are configured.")] = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Answer one obligation: with --intent, --acted or --undo. The same answer again changes nothing."""
    if [intent, acted, undo].count(None) != 2:  # noqa: PLR2004  one of three
        raise typer.BadParameter("give one of --intent, --acted WHAT and --undo RECEIPT")
    if acted is not None and (to or note):
        raise typer.BadParameter("--acted says what was done; --to and --note go with --intent")
    path = f"/v1/obligations/{quote(obligation, safe='')}"
    said: dict[str, Any] = {"by": by, "role": role}
    if intent is not None:
        path, said = f"{path}/acknowledgements", said | {"intent": intent.value, "to": to, "note": note}
    elif acted is not None:
        path, said = f"{path}/acted", said | {"what": acted}
    elif undo is not None:
        path, said = f"{path}/acknowledgements/{quote(undo, safe='')}/undo", said | {"note": note}
    receipt = asyncio.run(_say(path, {name: value for name, value in said.items() if value is not None}, agency))
    if json_:
        as_json(receipt)
        return
    say(_in_words(receipt))
    if undo is None:
        as_whom = f" --agency {agency}" if agency else ""
        say(f"Pressed by mistake? alertbus answer {obligation} --by NAME --undo {receipt['id']}{as_whom}")


async def _say(path: str, body: dict[str, Any], agency: str | None) -> dict[str, Any]:
    async with Client.of(load_settings()) as client:
        return dict(await client.call("POST", path, json=body, params={"agency": agency} if agency else {}))


def _in_words(receipt: dict[str, Any]) -> str:
    who, when = receipt["by"], to_the_minute(receipt["at"])
    match receipt["stage"], receipt["intent"]:
        case "undone", _:
            return f"{who} has taken the answer back, {when}. Unless somebody acts on it still, it is asked for again."
        case "acted", _:
            return f"{who} has acted, {when}. It is answered."
        case _, Intent.PASSING_ON:
            return f"{who} has passed it on to {receipt['to']}, {when}. It waits until somebody acts."
        case _, Intent.NOT_OURS:
            return f"{who} says that it is not theirs, {when}. A human looks at that; meanwhile the agency is asked on."
        case _:
            return f"{who} acts on it, {when}. It is answered."
