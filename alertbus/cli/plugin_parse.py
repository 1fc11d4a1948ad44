"""`alertbus plugin parse`: what a source makes of a message, or an adapter of a receipt; unreadable with every fault."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alertbus.cli.files import bytes_of
from alertbus.cli.output import NO, WrongUsage, as_json, complain, say
from alertbus.cli.plugins_dir import PluginsDir, try_from

if TYPE_CHECKING:
    from alertbus.plugin.protocols import Source

ACCEPTED, IGNORED, UNREADABLE, BROKE, REFUSED = "accepted", "ignored", "unreadable", "broke", "refused"


def parse(
    plugin: Annotated[
        str,
        typer.Argument(metavar="NAME|PATH", help="A source's or an adapter's name, from `alertbus plugin list`, or a path such as ./fire."),
    ],
    file: Annotated[Path, typer.Argument(help="The message, as your system sends it; - for standard input.")],
    header: Annotated[list[str] | None, typer.Option("--header", help="A header of the message, name=value; several times.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Which source, where the plugin has several.")] = None,
    receipt: Annotated[
        bool, typer.Option("--receipt", help="FILE is an answer of an agency's system: what its adapter makes of it.")
    ] = False,
    adapter: Annotated[str | None, typer.Option("--adapter", help="Which adapter, where the plugin has several; with --receipt.")] = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
    plugins_dir: PluginsDir = None,
) -> None:
    """What a source makes of a message, or with --receipt an adapter of a receipt. Exit 0 for what is understood; 1 for what it cannot
    read, or the gateway would not take.

    Nothing is sent: the message and what is in it go no further than this screen.
    """
    from alertbus.cli.plugin_chosen import adapter_of, source_of

    try_from(plugins_dir)
    headers = _headers(header or [])
    if str(file) != "-" and not file.is_file():
        raise WrongUsage(f"FILE: {file} is no file. Correct its path, or give - and the message on standard input.")
    if receipt:
        from alertbus.cli.receipt_parsed import parsed_receipt, tell_receipt

        outcome, tell = parsed_receipt(adapter_of(plugin, adapter)[1], bytes_of(file)), tell_receipt
    else:
        outcome, tell = _outcome(source_of(plugin, source)[1], bytes_of(file), headers), _tell
    if json_:
        as_json(outcome)
    else:
        tell(outcome)
    if outcome["outcome"] == UNREADABLE and not receipt and file.parent.parent.name == "samples" and file.parent.name != outcome["source"]:
        complain(f"If {file} is an answer of an agency's system: alertbus plugin parse {plugin} {file} --receipt")
    if outcome["outcome"] in {UNREADABLE, BROKE, REFUSED}:
        raise typer.Exit(NO)


def _headers(given: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    if any(not (name and sign) for name, sign, _ in pairs):
        raise WrongUsage("--header: expected name=value, as in --header content-type=application/json.")
    return {name.strip().lower(): value for name, _, value in pairs}


def _outcome(source: "Source", raw: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """What came of it, in the words of POST /v1/sources; a source that does what its contract does not know broke."""
    from alertbus.cli.one_call import called_once
    from alertbus.model.errors import PluginFault
    from alertbus.plugin.boundary import PluginBroke, behind_boundary
    from alertbus.plugin.protocols import Ignored, Stated, UnreadableMessage

    mend = (
        "a source returns a list of alerts or Ignored(reason), or raises UnreadableMessage; `alertbus plugin check` names the broken rule"
    )
    try:
        found: object = called_once(f"source '{source.name}'", lambda: behind_boundary(source.parse, raw, headers))
    except UnreadableMessage as unreadable:
        faults = [{"path": fault.path, "expected": fault.expected} for fault in unreadable.faults]
        return {"outcome": UNREADABLE, "source": source.name, "faults": faults}
    except PluginBroke as broke:
        return {"outcome": BROKE, "source": source.name, "fault": f"parse raised {broke}: {mend}"}
    except PluginFault as late:
        return {"outcome": BROKE, "source": source.name, "fault": str(late)}
    if isinstance(found, Ignored):
        return {"outcome": IGNORED, "source": source.name, "reason": found.reason}
    if isinstance(found, list) and found and all(isinstance(one, Stated) for one in found):
        said = _stated(found)
        return {"outcome": REFUSED if said["refused"] else ACCEPTED, "source": source.name, **said}
    what = "an empty list" if found == [] else type(found).__name__ if not isinstance(found, list) else "a list with something else in it"
    return {"outcome": BROKE, "source": source.name, "fault": f"parse returned {what}: {mend}"}


def _stated(found: list[Any]) -> dict[str, Any]:
    """The alerts and who is who, what the bus would have to say of them, and for what it would refuse them."""
    from datetime import UTC, datetime

    from alertbus.intake.alerts import content_faults
    from alertbus.model.alert import Alert
    from alertbus.model.gaps import gaps
    from alertbus.policy.load import load_policy
    from alertbus.settings import load_settings

    policy = load_policy(load_settings().policy)
    alerts = [one for one in found if isinstance(one, Alert)]
    notes = [f"{one.id}: not stated and should be: {gap.words} ({gap.path})" for one in alerts for gap in gaps(one)]
    refused = [
        f"{one.id}: the policy lets no agency of the sector of '{one.source.partition('.')[0]}' state {one.kind}: add the sector to "
        f"`may_state` of that kind in the policy"
        for one in alerts
        if not policy.lets_state(one.source, one.kind)
    ]
    refused += [
        f"{one.id}: {fault.path}: {fault.expected}" for one in alerts for fault in content_faults(one, datetime.now(UTC), policy.moments)
    ]
    as_data = [one.model_dump(mode="json", by_alias=True, exclude_defaults=True) for one in found]
    return {
        "alerts": [data for data, one in zip(as_data, found, strict=True) if isinstance(one, Alert)],
        "people": [data for data, one in zip(as_data, found, strict=True) if not isinstance(one, Alert)],
        "notes": notes,
        "refused": refused,
    }


def _tell(outcome: dict[str, Any]) -> None:
    match outcome["outcome"]:
        case "accepted" | "refused":
            said = [f"{len(outcome[what])} {word if len(outcome[what]) != 1 else one}" for what, word, one in _COUNTED if outcome[what]]
            say(f"{outcome['outcome']}: {', '.join(said)}")
            for entry in (*outcome["alerts"], *outcome["people"]):
                say(json.dumps(entry, indent=1, ensure_ascii=False))
            for note in outcome["notes"]:
                say(f"note: {note}")
            for why in outcome["refused"]:
                say(f"the bus refuses it: {why}")
        case "ignored":
            say(f"ignored: {outcome['reason']}")
        case "unreadable":
            say(f"unreadable: {len(outcome['faults'])} fault(s)")
            for fault in outcome["faults"]:
                say(f"  {fault['path'] or 'message'}: {fault['expected']}")
        case _:
            say(f"broke: {outcome['fault']}")


_COUNTED = (("alerts", "alerts", "alert"), ("people", "statements of who is who", "statement of who is who"))
