"""Whether a plugin's words about a message repeat what stands in it: a reason goes to a sender and perhaps to a log, a family to neither.

A word that stands in both may be the plugin's own: `an enquiry raises nothing`, of a message that calls itself an enquiry. So each such
word is tried: the message is read once more with another word of the same shape in its place, and where the same sentence then has the
other word in it, it repeats the message.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from alertbus.model.errors import Fault

_WORD = re.compile(r"[^\W_]{3,}")
_TEXTS_OF_XML = re.compile(r"""(?<=>)[^<>]+(?=<)|(?<==")[^"<>]*(?=")|(?<==')[^'<>]*(?=')""")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")

WITHHELD = "a message that this plugin can read; its own words for what is wrong are withheld, because they repeat the message"
"""Stands for a fault that repeats the message."""

MOST_TRIED = 12
"""Words that are tried. Chosen: a sentence of a plugin's own has a few that may stand in a message; one that has more repeats it."""
_LETTERS = str.maketrans("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "qwxzvkjqxwzkvjqxzwkvjqwxzkQWXZVKJQXWZKVJQXZWKVJQWXZK")
_DIGITS = str.maketrans("0123456789", "3827160954")


def plain_fault(given: Fault) -> Fault:
    """A plugin's fault as it may be told: with a path, an expectation and a stable code."""
    stable = given.code if isinstance(given.code, str) and _CODE.fullmatch(given.code) else "invalid"
    return Fault(str(given.path).strip()[:300] or "$", str(given.expected).strip()[:1_000] or "what this plugin reads", stable)


def repeats(text: str, raw: bytes, said_of: Callable[[bytes], str]) -> bool:
    """True if the text repeats a value of the message. `said_of` gives what the same plugin says of another message."""
    words = set(_WORD.findall(text.casefold()))
    message, encoding = _decoded(raw)
    standing = {word for value in _values(message) for word in _WORD.findall(value) if word.casefold() in words}
    if len(standing) > MOST_TRIED:
        return True
    for word in sorted(standing):
        other = _other(word)
        said = said_of(_changed(message, word, other).encode(encoding))
        changed = said.casefold()
        if other.casefold() in changed and changed.replace(other.casefold(), word.casefold()) == text.casefold():
            return True  # the same sentence, about the other word
    return False


def _other(word: str) -> str:
    found = word.translate(_LETTERS).translate(_DIGITS)
    return found if found != word else f"{word}q"


def _decoded(raw: bytes) -> tuple[str, str]:
    try:
        return raw.decode(), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("latin-1"), "latin-1"  # takes every byte as it is, and gives it back


def _values(message: str) -> Iterator[str]:
    """What stands in the message as a value, whatever its format: not the names of its fields."""
    found = _json(message)
    if found is not None:
        yield from _strings(found)
    elif message.lstrip().startswith("<"):
        yield from _TEXTS_OF_XML.findall(message)
    else:
        yield message


def _json(text: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str):
            inner = _json(one) if one[:1] in "{[" and one else None  # an envelope holds its message as text
            if inner is None:
                yield one
            else:
                waiting.append(inner)
        elif isinstance(one, int | float) and not isinstance(one, bool):
            yield str(one)


def _changed(message: str, word: str, other: str) -> str:
    """The message with another word in its values."""
    found = _json(message)
    if found is not None:
        return json.dumps(_with(found, word, other))
    if message.lstrip().startswith("<"):
        return _TEXTS_OF_XML.sub(lambda text: text[0].replace(word, other), message)
    return message.replace(word, other)


def _with(value: Any, word: str, other: str) -> Any:
    if isinstance(value, dict):
        return {key: _with(inner, word, other) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with(inner, word, other) for inner in value]
    if isinstance(value, str):
        inner = _json(value) if value[:1] in "{[" and value else None
        return value.replace(word, other) if inner is None else json.dumps(_with(inner, word, other))
    if isinstance(value, int) and not isinstance(value, bool) and str(value) == word:
        return int(other)
    return value
