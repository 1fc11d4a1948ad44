"""Every page of the desk, for the tests that ask something of all of them: axe, leaks, headers, markup, weight.

A module of this folder is about one subject. Its `pages(gateway, desk)` states what the pages need, by the ways that anybody else has, and
gives each page and state with who looks at it. What is new at the desk is thereby held to everything at once.
"""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from alertbus.desk.visitor import Visitor


@dataclass(frozen=True, slots=True)
class ShownPage:
    """One page in one state: asked for with GET, or with POST where it is what a form gives."""

    name: str
    path: str
    who: Visitor
    form: Mapping[str, str] | None = None
    """The fields that are sent, without the token; None for GET."""
    status: int = 200
    in_main: tuple[str, ...] = field(default=())
    """Words that must stand on it: a page that failed, or says that there is nothing, proves nothing."""


Pages = Callable[[Any, Any], Awaitable[list[ShownPage]]]


def subjects() -> dict[str, Pages]:
    """Every module's `pages`, by the module's name."""
    return {
        one.name: importlib.import_module(f"{__name__}.{one.name}").pages
        for one in pkgutil.iter_modules(__path__)
        if not one.name.startswith("_")
    }
