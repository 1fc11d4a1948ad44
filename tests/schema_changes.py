"""What differs between two JSON Schemas of one record, told for its two readers.

`unread`: yesterday's records are no longer read by today's schema. That is never allowed within a version. `added`: today's records may hold
what yesterday's schema refuses: allowed where it is stated, so that whoever reads with an older schema is told.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BEFORE = Path(__file__).parent / "data" / "schemas_before"
STATED = BEFORE / "stated.txt"
TODAY = ROOT / "schemas"

_AT_MOST = ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")
_AT_LEAST = ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")
_EXACT = ("pattern", "format", "const", "contentEncoding", "uniqueItems", "multipleOf")
_WORDS = frozenset({"title", "description", "examples", "default", "$id", "$schema", "$comment", "discriminator"})

Schema = Mapping[str, Any]


@dataclass(frozen=True, order=True, slots=True)
class Change:
    """One difference: where in the record, what, and for which reader."""

    path: str
    what: str
    reader: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def changes(before: Schema, after: Schema, name: str) -> list[Change]:
    """Every difference that a reader meets, by the definition and field where it is. Words for people are none."""
    return sorted(set(_Comparison(before, after).of(before, after, name)))


class _Comparison:
    def __init__(self, before: Schema, after: Schema) -> None:
        self._before, self._after = before, after
        self._under: set[tuple[str, str]] = set()

    def of(self, before: Any, after: Any, path: str) -> Iterator[Change]:
        """Compare two schemas; a definition that refers to itself is compared once."""
        names = (_name(before), _name(after))
        if all(names):
            if names in self._under:
                return
            self._under.add(names)
            path = str(names[1])  # a definition that stands at several places is told of once, by its name
        old, new = _resolved(before, self._before), _resolved(after, self._after)
        yield from self._alternatives(old, new, path) if "anyOf" in old or "anyOf" in new else self._plain(old, new, path)
        if all(names):
            self._under.discard(names)

    def _alternatives(self, old: Schema, new: Schema, path: str) -> Iterator[Change]:
        """What may stand there, by the sort of thing it is: a name of ours, or JSON's own type."""
        before, after = ({_sort(one): one for one in each.get("anyOf", [each])} for each in (old, new))
        for sort in sorted(before.keys() - after.keys()):
            yield Change(path, f"no longer {sort}", "unread")
        for sort in sorted(after.keys() - before.keys()):
            yield Change(path, f"may be {sort}", "added")
        for sort in sorted(before.keys() & after.keys()):
            yield from self.of(before[sort], after[sort], path)

    def _plain(self, old: Schema, new: Schema, path: str) -> Iterator[Change]:
        yield from _types(old, new, path)
        yield from _limits(old, new, path)
        yield from self._fields(old, new, path)
        for inner, name in (("items", "[]"), ("additionalProperties", "{}"), ("propertyNames", "{name}")):
            before, after = old.get(inner, True), new.get(inner, True)
            if isinstance(before, dict) and isinstance(after, dict):
                yield from self.of(before, after, f"{path}{name}")
            elif before != after:
                yield Change(
                    f"{path}{name}", "closed" if after is False or before is True else "opened", "unread" if before is True else "added"
                )

    def _fields(self, old: Schema, new: Schema, path: str) -> Iterator[Change]:
        before, after = old.get("properties", {}), new.get("properties", {})
        closed = old.get("additionalProperties") is False
        for name in sorted(after.keys() - before.keys()):
            yield Change(_at(path, name), "a new field", "added" if closed else "read")
        for name in sorted(before.keys() - after.keys()):
            yield Change(_at(path, name), "no such field any more", "unread")
        for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
            yield Change(_at(path, name), "must be there", "unread")
        for name in sorted(set(old.get("required", ())) - set(new.get("required", ()))):
            yield Change(_at(path, name), "may be left out", "added")
        for name in sorted(before.keys() & after.keys()):
            yield from self.of(before[name], after[name], _at(path, name))


def _types(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    before, after = (set([one] if isinstance(one, str) else one or ()) for one in (old.get("type"), new.get("type")))
    if before != after:
        if not before or before - after:
            yield Change(path, f"of type {_listed(after) or 'any'}, was {_listed(before) or 'any'}", "unread" if after else "added")
        if before and after - before:
            yield Change(path, f"may be {_listed(after - before)}", "added")
    words, words_now = ({json.dumps(one) for one in each["enum"]} if "enum" in each else None for each in (old, new))
    if words is None or words_now is None:
        if words != words_now:
            yield Change(path, "any word" if words_now is None else "one of a list", "added" if words_now is None else "unread")
        return
    for word in sorted(words - words_now):
        yield Change(path, f"no longer {word}", "unread")
    for word in sorted(words_now - words):
        yield Change(path, f"may be {word}", "added")


def _limits(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    for names, sign in ((_AT_MOST, 1), (_AT_LEAST, -1)):
        for name in names:
            before, after = old.get(name), new.get(name)
            if before == after:
                continue
            wider = after is None or (before is not None and (after - before) * sign > 0)
            yield Change(path, f"{name} {after}, was {before}", "added" if wider else "unread")
    for name in _EXACT:
        if old.get(name) != new.get(name):
            yield Change(path, f"{name} is another", "added" if new.get(name) is None else "unread")


def _resolved(schema: Any, whole: Schema) -> Schema:
    """The schema itself, without the reference to it."""
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    found: dict[str, Any] = {name: value for name, value in schema.items() if name not in _WORDS}
    if (name := _name(schema)) is not None:
        return {**_resolved(whole["$defs"][name], whole), **{key: value for key, value in found.items() if key != "$ref"}}
    if len(found.get("allOf", ())) == 1:
        return {**_resolved(found.pop("allOf")[0], whole), **found}
    return found


def _name(schema: Any) -> str | None:
    return str(schema["$ref"]).removeprefix("#/$defs/") if isinstance(schema, Mapping) and "$ref" in schema else None


def _sort(schema: Schema) -> str:
    return _name(schema) or "/".join(str(schema[key]) for key in ("type", "format") if key in schema) or "anything"


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _listed(words: set[str]) -> str:
    return ", ".join(sorted(words))


def since_before(name: str) -> list[Change]:
    """The changes of one published schema since it was put beside this test."""
    before, after = (json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for folder in (BEFORE, TODAY))
    return changes(before, after, name)


def names_before() -> list[str]:
    return sorted(file.stem for file in BEFORE.glob("*.json"))


def to_state() -> list[str]:
    """A line for each addition, as `stated.txt` has them."""
    return sorted({str(change) for name in names_before() for change in since_before(name) if change.reader == "added"})


if __name__ == "__main__":  # python -m tests.schema_changes: what stated.txt should say; read it before you keep it
    sys.stdout.write("\n".join(to_state()) + "\n")
