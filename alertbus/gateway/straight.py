"""Routes that are called straight: what they take is given to them, and nothing is worked out for each call.

FastAPI solves a route's dependencies anew for every call and looks for it among all routes, which cost a stated alert 0.2 of 0.33 ms. A
route that takes no more than the call, the gateway, its caller and words of its path needs nothing of the first; one whose path is always
the same nothing of the second. Both are described at /openapi.json like any other.
"""

import inspect
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from alertbus.gateway.context import caller_of, gateway_of

_GIVEN = frozenset({"request", "gateway", "caller"})


class StraightRoute(APIRoute):
    """A route whose function is `async def (request, gateway, caller, *words of the path as text) -> Response`, any of them left out."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        taken = set(inspect.signature(self.endpoint).parameters)
        if others := taken - _GIVEN - set(self.param_convertors):
            raise TypeError(f"'{self.path}': a straight route takes {sorted(_GIVEN)} and words of its path, not {sorted(others)}")
        call, wants_request = self.endpoint, "request" in taken

        async def answer(request: Request) -> Response:
            given: dict[str, Any] = {"gateway": gateway_of(request), "caller": caller_of(request), **request.path_params}
            if wants_request:
                given["request"] = request
            response: Response = await call(**given)
            return response

        return answer


def straight_calls(routers: Iterable[APIRouter]) -> dict[tuple[str, str], ASGIApp]:
    """Give the straight routes whose path is always the same as applications of their own, by method and path."""
    routes = [route for router in routers for route in router.routes if isinstance(route, StraightRoute) and not route.param_convertors]
    return {(method, route.path): _alone(route) for route in routes for method in route.methods or ()}


def _alone(route: StraightRoute) -> ASGIApp:
    answer = route.get_route_handler()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = route  # by which the call is counted
        response = await answer(Request(scope, receive, send))
        await response(scope, receive, send)

    return application
