"""`alertbus review`: what waits for a person, the evidence side by side, and the decision."""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import typer

from alertbus.cli.output import as_json, pairs, rows, say, to_the_minute
from alertbus.run.client import Client
from alertbus.settings import load_settings

app = typer.Typer(help="What waits for a person: list, show, decide.", no_args_is_help=True)

ItemId = Annotated[str, typer.Argument(metavar="ID", help="As `review list` gives it; its first letters will do if they are one item's.")]


class DecidedAs(StrEnum):
    """What a person may decide, in the words of the command line."""

    SAME = "same"
    DIFFERENT = "different"
    SEEN = "seen"
    RELEASE = "release"
    KEEP = "keep"
    REOPEN = "reopen"


@app.command("list")
def list_(
    state: Annotated[str, typer.Option(help="open, decided or all.")] = "open",
    reason: Annotated[str | None, typer.Option(help="Only this reason, for example unsure_match.")] = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """The oldest first: why somebody must look, and whose it is to decide. Nothing in it is about anybody."""
    items = asyncio.run(_list({"state": state} | ({"reason": reason} if reason else {})))
    if json_:
        as_json(items)
        return
    columns = ("id", "reason", "waits", "for", "about", "candidates", "state")
    rows("Review", columns, [_line(item) for item in items], empty="Nothing of that waits for a person.")


@app.command()
def show(item_id: ItemId, json_: Annotated[bool, typer.Option("--json")] = False) -> None:
    """The person in question and those who may be the same, side by side, and what agrees and differs."""
    item = asyncio.run(_show(item_id))
    if json_:
        as_json(item)
        return
    pairs(
        {
            "item": item["id"],
            "reason": item["reason"],
            "since": f"{to_the_minute(item['at'])} ({_age(item['age_s'])})",
            "for": item["owner"],
            "about": _about(item),
            "detail": item["detail"],
            "state": _decided(item),
            "note": item["note"],
        }
    )
    if item.get("clues"):
        say()
        _held_words(item)
    if item.get("candidates"):
        say()
        _side_by_side(item)
    for case_id, agencies in item.get("agencies", {}).items():
        say(f"On case {case_id} work now: {', '.join(agencies)}. Which of them a decision tells, the policy says.")


@app.command()
def decide(
    item_id: ItemId,
    outcome: Annotated[
        DecidedAs,
        typer.Argument(
            help="same PERSON; different from all; seen and dealt with; reopen an earlier decision; release or keep held words."
        ),
    ],
    by: Annotated[str, typer.Option(help="Who decides: a person's name.")],
    person: Annotated[
        str | None, typer.Argument(metavar="PERSON", help="For `same`: a candidate's letter or id, as `show` gives it.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="Why, for the record.")] = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Decide an item. What follows is done at once, audited, and can be taken back with `reopen`."""
    if (person is None) == (outcome is DecidedAs.SAME):
        raise typer.BadParameter("`same` needs the candidate, as `alertbus review show` gives it; no other outcome has one")
    decided = asyncio.run(_decide(item_id, outcome, person, by, note))
    if json_:
        as_json(decided)
    else:
        say(f"{decided['id']}: {_decided(decided)}")


async def _list(wanted: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with Client.of(load_settings()) as client:
        page: dict[str, Any] = {"next": None}
        while not found or page["next"]:
            after = {"after": page["next"]} if page["next"] else {}
            page = await client.call("GET", "/v1/reviews", params=wanted | after | {"limit": "500"})
            found += page["items"]
            if not page["items"]:
                break
    return found


async def _show(item_id: str) -> dict[str, Any]:
    async with Client.of(load_settings()) as client:
        return dict(await client.call("GET", f"/v1/reviews/{await _whole(client, item_id)}"))


async def _decide(item_id: str, outcome: DecidedAs, person: str | None, by: str, note: str | None) -> dict[str, Any]:
    async with Client.of(load_settings()) as client:
        whole = await _whole(client, item_id)
        body = {"outcome": "reopened" if outcome is DecidedAs.REOPEN else outcome.value, "by": by}
        if person is not None:
            body["person_id"] = _candidate(await client.call("GET", f"/v1/reviews/{whole}"), person)
        if note is not None:
            body["note"] = note
        return dict(await client.call("POST", f"/v1/reviews/{whole}/decisions", json=body))


async def _whole(client: Client, item_id: str) -> str:
    """Give the whole id of an item of which the first letters were given."""
    if len(item_id) >= _WHOLE_ID:
        return quote(item_id, safe="")
    page = await client.call("GET", "/v1/reviews", params={"state": "all", "limit": "500"})
    found = [str(item["id"]) for item in page["items"] if item["id"].startswith(item_id)]
    if len(found) > 1:
        raise typer.BadParameter(f"{len(found)} items begin so; give more of the id")
    return found[0] if found else quote(item_id, safe="")


_WHOLE_ID = 36
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _candidate(item: dict[str, Any], person: str) -> str:
    """Give the candidate's id by the letter of their column."""
    candidates = [candidate["person_id"] for candidate in item.get("candidates", ())]
    if len(person) == 1 and person.lower() in _LETTERS[: len(candidates)]:
        return str(candidates[_LETTERS.index(person.lower())])
    return person


def _line(item: dict[str, Any]) -> list[Any]:
    candidates = max(len(item["person_ids"]) - 1, 0) if item["reason"] == "unsure_match" else 0
    return [item["id"], item["reason"], _age(item["age_s"]), item["owner"], _about(item), candidates or None, _decided(item)]


def _about(item: dict[str, Any]) -> str:
    if item["alert_id"]:
        drill = f", exercise {item['exercise']}" if item["exercise"] else ""
        words = f", its words for case {item['case_id']}" if item["case_id"] else ""
        return f"alert {item['alert_id']} from {item['source']}{drill}{words}"
    return f"case {item['case_id']}" if item["case_id"] else f"a message from {item['source']}"


def _decided(item: dict[str, Any]) -> str:
    if item["outcome"] is None:
        return "open"
    return f"{item['outcome']} by {item['by']}, {to_the_minute(item['decided_at'])}"


def _age(seconds: float) -> str:
    hours = seconds / 3600
    if hours < 2:  # noqa: PLR2004
        return f"{seconds / 60:.0f} min"
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.1f} h"  # noqa: PLR2004


def _side_by_side(item: dict[str, Any]) -> None:
    asked, candidates = item.get("in_question", {}), item["candidates"]
    heads = [f"{letter}: {_where(candidate)}" for letter, candidate in zip(_LETTERS, candidates, strict=False)]
    others = [_whole_person(candidate.get("places") or []) for candidate in candidates]
    values = [[field, of(asked), *map(of, others)] for field, of in _FIELDS.items()]
    lines = [line for line in values if any(line[1:])]
    for title, name in (("agrees", "agrees"), ("differs", "differs")):
        lines.append([title, "", *("\n".join(candidate.get(name, ())) for candidate in candidates)])
    lines.append(["id", "", *(candidate["person_id"] for candidate in candidates)])
    rows("Side by side", ("", "in question", *heads), lines, empty="")
    if not any(place.get("person") for place in (asked, *others)):
        say("Names, births, addresses and numbers are shown to who holds cases.")
    if any(candidate.get("contradicts") for candidate in candidates):
        say("Where a number differs, they are one person only if one of the numbers is wrong: have it corrected where it was stated.")
    if asked:
        say(f"Decide: alertbus review decide {item['id']} same a|different|seen --by NAME")


def _held_words(item: dict[str, Any]) -> None:
    rows("Found in the words", ("what", "where"), [one.split(" in ", 1) for one in item["clues"]], empty="")
    for piece in item.get("words", ()):
        shown = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in piece["text"])
        say(f"\n{piece['where']}:\n{shown}")
    if not item.get("words"):
        say("The words themselves are shown to who holds cases.")
    say(f"\nDecide: alertbus review decide {item['id']} release|keep --by NAME. Neither is taken back.")


def _whole_person(places: list[dict[str, Any]]) -> dict[str, Any]:
    """Give a candidate as the first place names them, with the numbers of all places: any of them may contradict."""
    if not places or not places[0].get("person"):
        return {}
    numbers = [number for place in places for number in place.get("person", {}).get("identifiers", ())]
    return {"person": places[0]["person"] | {"identifiers": [n for at, n in enumerate(numbers) if n not in numbers[:at]]}}


def _where(candidate: dict[str, Any]) -> str:
    cases = candidate.get("cases") or []
    return f"case {', '.join(cases)}" if cases else "on no case"


def _name(place: dict[str, Any]) -> str:
    name = place.get("person", {}).get("name") or {}
    return " ".join(filter(None, (name.get("given"), name.get("family"))))


def _born(place: dict[str, Any]) -> str:
    return place.get("person", {}).get("born") or ""


def _called(place: dict[str, Any]) -> str:
    return place.get("person", {}).get("label") or ""


def _addresses(place: dict[str, Any]) -> str:
    found = place.get("person", {}).get("addresses") or ()
    return "\n".join(", ".join((*a.get("lines", ()), *filter(None, (a.get("postcode"), a.get("uprn"))))) for a in found)


def _numbers(place: dict[str, Any]) -> str:
    return "\n".join(f"{n['system']} {n['value']}" for n in place.get("person", {}).get("identifiers") or ())


_FIELDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "name": _name,
    "born": _born,
    "address": _addresses,
    "numbers": _numbers,
    "called": _called,
}
