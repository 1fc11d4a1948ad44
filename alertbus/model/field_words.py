"""What is written beneath a field in the source, as text: the words of published schemas and of the plugin author's reference. Pure but for
reading the module's own source.

Pydantic can do it by itself (`use_attribute_docstrings`), each time a class is made: half a second at the start of every command.
"""

import ast
import inspect
import sys
from collections.abc import Mapping
from enum import Enum
from functools import cache
from textwrap import dedent
from typing import Any, get_args

from pydantic import BaseModel


def field_words(word: type[BaseModel]) -> Mapping[str, str]:
    """Give what is said of each field, its own and inherited ones, by the field's name. A field without words is not in it."""
    found: dict[str, str] = {}
    for cls in reversed(word.__mro__):
        if issubclass(cls, BaseModel) and cls is not BaseModel:
            found |= _written(cls.__module__).get(cls.__name__, {})
    return {name: found[name] for name in word.model_fields if name in found}


def member_words(words: type[Enum]) -> Mapping[str, str]:
    """Give what is said of each word of an enumeration, by the word itself. One without words is not in it."""
    said = _written(words.__module__).get(words.__name__, {})
    return {one.value: said[name] for name, one in words.__members__.items() if name in said}


def words_of_fields(record: type) -> Mapping[str, str]:
    """Give what is said of each field of a dataclass, by the field's name."""
    return _written(record.__module__).get(record.__name__, {})


@cache
def _written(module: str) -> Mapping[str, Mapping[str, str]]:
    """By class of a module, then by field: the text that stands beneath it."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: dict(_beneath(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _beneath(node: ast.ClassDef) -> list[tuple[str, str]]:
    pairs = zip(node.body, node.body[1:], strict=False)
    return [
        (name, _one_line(text.value.value))
        for field, text in pairs
        if (name := _named_in(field))
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    ]


def _named_in(statement: ast.stmt) -> str:
    """The name that a statement gives something: a field's, or a word's of an enumeration."""
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return ""


def _one_line(text: str) -> str:
    return " ".join(dedent(text).split())


def words_within(word: type[BaseModel]) -> Mapping[str, type[BaseModel]]:
    """Give by name every word that stands in one, itself first, in reading order."""
    found: dict[str, type[BaseModel]] = {}
    _gather(word, found)
    return found


def _gather(part: object, found: dict[str, type[BaseModel]]) -> None:
    if isinstance(part, type) and issubclass(part, BaseModel):
        if part.__name__ not in found:
            found[part.__name__] = part
            for field in part.model_fields.values():
                _gather(field.annotation, found)
        return
    for inner in get_args(part):
        _gather(inner, found)


def describe(properties: Mapping[str, dict[str, Any]], word: type[BaseModel]) -> None:
    """Put what is said of each field into a JSON Schema's `properties`, where it says nothing yet."""
    for name, text in field_words(word).items():
        alias = word.model_fields[name].alias or name
        if alias in properties:
            properties[alias].setdefault("description", text)
