"""Golden messages: some of the kit's notices as a plugin's last release rendered them, kept beside its tests, and compared with today's.

Whoever reads a plugin's messages by machine has built on their form. `keeps_to` says what changed, what a reader may miss first; `renew`
writes them anew, on purpose. All in them is invented, so they may be kept and quoted.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from alertbus.model.notice import Deed, Message, Notice
from alertbus.plugin.kit.conformance import Broken, must
from alertbus.plugin.kit.invented import full_notice
from alertbus.plugin.kit.looking import rendered
from alertbus.plugin.kit.samples import addressed_notice, ended_notice, minimal_notice, sample_briefing
from alertbus.plugin.protocols import Adapter

INDEX = "golden.json"
"""Says of each message what stands outside its body."""
MOST = 5
"""Differences that are told of one message: whoever changed it knows the rest."""

_ENDINGS = {"json": "json", "xml": "xml", "html": "html", "csv": "csv"}


def golden_notices() -> Mapping[str, Notice]:
    """Give the notices, by the names of their files: few enough that a person reads the messages in a review."""
    found = {f"deed-{deed.value.replace('_', '-')}": full_notice(deed=deed) for deed in Deed if not deed.ends}
    found |= {f"deed-{deed.value.replace('_', '-')}": ended_notice(deed) for deed in Deed if deed.ends}
    kinds = ("violent_person_flag", "prisoner_release", "prisoner_recall", "domestic_abuse_incident", "ppn", "conference_outcome", "birth")
    found |= {f"kind-{kind.replace('_', '-')}": full_notice(kind=kind) for kind in kinds}
    return found | {
        "bare": minimal_notice(),
        "briefing": sample_briefing(),
        "exercise": full_notice(exercise="winter-rehearsal"),
        "hidden-source": full_notice(do_not_reveal_source=True),
        "who-answers": addressed_notice(),
    }


def renew(adapter: Adapter, folder: Path) -> None:
    """Write the messages as the adapter makes them now. What was there of before is gone: look at the difference before you commit it."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.is_file():
            old.unlink()
    index: dict[str, Any] = {}
    for name, notice in golden_notices().items():
        message = rendered(adapter, notice)
        file = f"{name}.{_ending(message)}"
        (folder / file).write_bytes(message.body)
        index[name] = {"file": file, **_outside(message)}
    (folder / INDEX).write_text(json.dumps(index, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def keeps_to(adapter: Adapter, folder: Path | None) -> None:
    """Compare with the golden messages in the folder. Without a folder there are none to keep to."""
    if folder is None:
        return
    must((folder / INDEX).is_file(), f"there are no golden messages in {folder.name}/: make them with alertbus.plugin.kit.golden.renew")
    index: dict[str, dict[str, Any]] = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    notices = golden_notices()  # one that the kit no longer has says nothing about the plugin
    changed = [
        (name, found) for name, kept in index.items() if name in notices and (found := _changes(adapter, notices[name], folder, kept))
    ]
    changed.sort(key=lambda each: all(map(_only_new, each[1])))
    for name, changes in changed:
        more = f" and {len(changes) - MOST} more" if len(changes) > MOST else ""
        others = f". {len(changed) - 1} of the other golden messages have changed too" if len(changed) > 1 else ""
        raise Broken(f"{name}: {'; '.join(changes[:MOST])}{more}{others}")


def _changes(adapter: Adapter, notice: Notice, folder: Path, kept: Mapping[str, Any]) -> list[str]:
    """Say how the message is another one: what a reader may miss first, what is only new last."""
    message = rendered(adapter, notice)
    outside = {name: value for name, value in kept.items() if name != "file"}
    return sorted([*_compared(outside, _outside(message), ""), *_of_body(folder, kept, message)], key=_only_new)


def _only_new(change: str) -> bool:
    return change.endswith("is new")


def _of_body(folder: Path, kept: Mapping[str, Any], message: Message) -> Iterator[str]:
    file = folder / str(kept["file"])
    if not file.is_file():
        yield f"{file.name} is missing beside {INDEX}"
        return
    before = file.read_bytes()
    if before == message.body:
        return
    try:
        old, new = orjson.loads(before), orjson.loads(message.body)
    except orjson.JSONDecodeError:
        yield from _lines(before.decode("utf-8", "replace").splitlines(), message.body.decode("utf-8", "replace").splitlines())
        return
    yield from list(_compared(old, new, "")) or ["the same content, in another order or other spacing"]


def _compared(old: Any, new: Any, path: str) -> Iterator[str]:
    """Say what differs: what is gone, what is of another sort, what says something else, what is new."""
    here = path or "the whole"
    if type(old) is not type(new):
        yield f"{here} was {_sort(old)}, is {_sort(new)}"
    elif isinstance(old, dict):
        yield from (f"{_below(path, key)} is gone" for key in old if key not in new)
        for key in (key for key in old if key in new):
            yield from _compared(old[key], new[key], _below(path, key))
        yield from (f"{_below(path, key)} is new" for key in new if key not in old)
    elif isinstance(old, list):
        for number, (one, other) in enumerate(zip(old, new, strict=False)):
            yield from _compared(one, other, f"{path}[{number}]")
        if len(old) != len(new):
            yield f"{here} had {len(old)} entries, has {len(new)}"
    elif old != new:
        yield f"{here} says something else"


def _lines(old: list[str], new: list[str]) -> Iterator[str]:
    for number, (one, other) in enumerate(zip(old, new, strict=False), 1):
        if one != other:
            yield f"line {number} says something else"
    if len(old) != len(new):
        yield f"it had {len(old)} lines, has {len(new)}"


def _outside(message: Message) -> dict[str, Any]:
    return {"media_type": message.media_type, "filename": message.filename, "headers": dict(message.headers)}


def _ending(message: Message) -> str:
    kind = message.media_type.partition(";")[0].strip().lower()
    return next((ending for sort, ending in _ENDINGS.items() if kind.endswith(sort)), "txt")


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _sort(value: Any) -> str:
    return {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}.get(type(value), "a number")
