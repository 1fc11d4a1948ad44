"""Every address that the desk answers to, however its application was put together."""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path


@dataclass(frozen=True)
class DeskRoute:
    path: str
    """With its parameters: `/alerts/{alert_id}`."""
    methods: frozenset[str]

    def params(self, path: str) -> dict[str, str] | None:
        """What of an address stands for the parameters; None where it is another route's."""
        found = compile_path(self.path)[0].match(path.partition("?")[0].partition("#")[0])
        return found and found.groupdict()

    def filled(self, value: str | None = None) -> str:
        """An address of it, with `value` for each parameter, else the ids of nothing."""
        return re.sub(r"\{\w+(:\w+)?\}", lambda _: value or str(uuid.uuid4()), self.path)


def routes_of(app: Any) -> list[DeskRoute]:
    """The routes of a desk's application, within its guard."""
    within = getattr(app, "_app", app)
    found = [DeskRoute(one.path, frozenset(one.methods or ())) for one in iter_route_contexts(within.routes)]
    assert len(found) > 10, "the desk has more pages than that"
    return found


def route_at(routes: Iterable[DeskRoute], path: str, method: str) -> DeskRoute | None:
    """The route that answers, the first of several as the application has it."""
    return next((one for one in routes if method in one.methods and one.params(path) is not None), None)
