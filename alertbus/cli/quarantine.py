"""`alertbus quarantine`: what could not be decided or was refused for good. Shows where it stood and why, never what it holds."""

import asyncio
import getpass
from collections import Counter
from typing import Annotated, Any

import typer
from sqlalchemy import func, select

from alertbus.audit import trail
from alertbus.audit.anchor import Anchor, anchor_places
from alertbus.audit.keys import load_keys
from alertbus.chronicle import tables as chronicle
from alertbus.cli.output import NO, as_json, pairs, rows, say
from alertbus.intake.tables import raw
from alertbus.model.errors import NotFound
from alertbus.quarantine.redrive import RedriveOutcome, place
from alertbus.quarantine.shelf import Kept, Selection, Span, redriven, shelf
from alertbus.run.bootstrap import now, wired
from alertbus.serving.quarantine_kept import redriven_by
from alertbus.sql.engine import database_faults, reading

app = typer.Typer(help="Records that could not be decided, and notices refused for good.", no_args_is_help=True)

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID|RANGE]...", help="3-10 is one entry, 3-10..20 a range of one partition.")]
AgencyOption = Annotated[str | None, typer.Option(help="Only what was for this agency.")]
CauseOption = Annotated[str | None, typer.Option(help="Only this class of error, or this disposition: poison, refused.")]
Json = Annotated[bool, typer.Option("--json")]

NOBODY = frozenset({"root", "admin", "administrator", "system", "daemon", "nobody", "kafka", "postgres", "alertbus", "operator"})
"""Accounts that several people or none may stand behind: an audit record names a person."""


@app.command("list")
def list_(ids: Ids = None, agency: AgencyOption = None, cause: CauseOption = None, json_: Json = False) -> None:
    """Every entry chosen: where it came from, the class of the error, what is to become of it, whether it was put back."""
    selection = _selection(ids, agency, cause)
    entries, elsewhere = asyncio.run(_list(selection))
    if json_:
        as_json([_shown(kept) for kept in entries])
        return
    columns = ("id", "from", "by", "error", "disposition", "attempt", "version", "agency", "bytes", "redriven")
    lines = [{**_shown(kept), "redriven": kept.redriven and f"{kept.redriven.at:%Y-%m-%d %H:%M}"} for kept in entries]
    rows("Quarantine", columns, [[line[c] for c in columns] for line in lines], empty="Nothing of that lies in quarantine.")
    for line in elsewhere:
        say(line)


@app.command()
def show(entry_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` gives it, for example 3-10.")], json_: Json = False) -> None:
    """One entry's coordinates. Its payload is a family's: read it where it lies, with the right to."""
    chosen, _ = asyncio.run(_list(_selection([entry_id], None, None)))
    if not chosen:
        raise NotFound(f"no quarantined record {entry_id}; `alertbus quarantine list` shows them")
    shown = _shown(chosen[0])
    if json_:
        as_json(shown)
        return
    put_back = shown.pop("redriven") or {"at": None, "by": None, "reason": None}
    pairs(shown | {f"redriven {name}": value for name, value in put_back.items()})


@app.command()
def redrive(
    ids: Ids = None,
    agency: AgencyOption = None,
    cause: CauseOption = None,
    all_: Annotated[bool, typer.Option("--all", help="Everything in quarantine.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why, for the audit: what was mended. Required, except with --dry-run.")] = None,
    by: Annotated[str | None, typer.Option(help="Who does it: a person's name. The name you are logged in by, if left out.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also what was put back before.")] = False,
    json_: Json = False,
) -> None:
    """Put entries back on their topics, once the cause is mended. What was put back before is passed over.

    A notice that was refused is sent again. Exit 1 if nothing was chosen, or something chosen could not be put back.
    """
    selection = _selection(ids, agency, cause)
    if selection.is_everything and not all_:
        raise typer.BadParameter("say which: ids or ranges, --agency, --cause, or --all")
    who = "" if dry_run else _named(by)
    why = (reason or "").strip()
    if not dry_run and not 0 < len(why) <= 500:  # noqa: PLR2004  as the audit record has it
        raise typer.BadParameter("--reason: say why in at most 500 characters; it goes into the audit")
    chosen, outcomes = asyncio.run(_redrive(selection, by=who, reason=why, dry_run=dry_run, force=again))
    lines = [{"id": kept.name, "from": kept.entry and place(kept.entry), "outcome": outcomes[kept.name].value} for kept in chosen]
    if json_:
        as_json({"dry_run": dry_run, "entries": lines})
    else:
        rows("Would be done" if dry_run else "Done", ("id", "from", "outcome"), [list(line.values()) for line in lines], empty="")
        counted = ", ".join(f"{count} {outcome.value.replace('_', ' ')}" for outcome, count in Counter(outcomes.values()).items())
        say(f"{counted or 'nothing of that lies in quarantine'}{' (dry run: nothing was written)' if dry_run else ''}")
    if not chosen or any(outcome not in {RedriveOutcome.PUT_BACK, RedriveOutcome.ALREADY} for outcome in outcomes.values()):
        raise typer.Exit(NO)


async def _list(selection: Selection) -> tuple[list[Kept], list[str]]:
    async with wired() as wiring:
        done = redriven(await trail.records(wiring.bootstrap))
        found = selection.of(await shelf(wiring.bootstrap, done))
        with database_faults():
            async with reading(wiring.engine) as connection:
                kept_raw = (await connection.execute(select(func.count()).select_from(raw))).scalar_one()
                unreadable = (await connection.execute(select(func.count()).select_from(chronicle.unreadable))).scalar_one()
    elsewhere = []
    if kept_raw:
        elsewhere.append(f"{kept_raw} raw messages that no source could read are kept for review, not here (table gateway_raw)")
    if unreadable:
        elsewhere.append(f"{unreadable} records were passed over by the chronicle (table chronicle_unreadable)")
    return found, elsewhere


async def _redrive(
    selection: Selection, *, by: str, reason: str, dry_run: bool, force: bool
) -> tuple[list[Kept], dict[str, RedriveOutcome]]:
    async with wired() as wiring:
        done = redriven(await trail.records(wiring.bootstrap))
        chosen = selection.of(await shelf(wiring.bootstrap, done))
        settings = wiring.settings
        keys, places = load_keys(settings.audit_key_file, settings.data_dir), anchor_places(settings.audit_anchor, settings.data_dir)
        said: dict[str, Any] = {"by": by, "reason": reason, "force": force, "dry_run": dry_run}
        audit: dict[str, Any] = {"now": now, "keys": keys, "anchor": Anchor(*places, now)}
        outcomes = await redriven_by(wiring.bootstrap, wiring.engine, chosen, **said, **audit)
    return chosen, outcomes


def _selection(ids: list[str] | None, agency: str | None, cause: str | None) -> Selection:
    try:
        return Selection(tuple(Span.parse(text) for text in ids or ()), agency, cause)
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from None


def _named(by: str | None) -> str:
    name = (by or getpass.getuser()).strip()
    if len(name) < 2 or len(name) > 120 or name.casefold() in NOBODY or not name.isprintable():  # noqa: PLR2004
        raise typer.BadParameter("--by: give the name of the person who does this; the audit keeps it")
    return name


def _shown(kept: Kept) -> dict[str, Any]:
    """An entry without its content. A record on the topic that is none of ours has coordinates and a size, and no more."""
    entry = kept.entry
    put_back = kept.redriven
    return {
        "id": kept.name,
        "entry": entry and entry.id,
        "from": entry and place(entry),
        "by": entry and entry.by,
        "error": entry.error if entry else "NoEntryOfOurs",
        "disposition": entry and entry.disposition.value,
        "attempt": entry and entry.attempt,
        "version": entry and entry.version,
        "agency": entry and entry.agency,
        "bytes": kept.size_bytes,
        "at": entry and entry.at.isoformat(),
        "redriven": put_back and {"at": put_back.at.isoformat(), "by": put_back.by, "reason": put_back.reason},
    }
