"""Routes that are called straight, and what they may take."""

import pytest
from fastapi import APIRouter, Response

from alertbus.gateway.context import CurrentCaller, CurrentGateway
from alertbus.gateway.routes import alerts, sources
from alertbus.gateway.straight import StraightRoute, straight_calls


@pytest.mark.parametrize("router", [alerts.router, sources.router])
def test_the_calls_by_which_alerts_come_in_are_straight(router: APIRouter) -> None:
    assert {type(route) for route in router.routes} == {StraightRoute}


def test_a_straight_route_that_takes_more_than_it_is_given_is_refused_when_it_is_made() -> None:
    async def narrowed(word: str, gateway: CurrentGateway, caller: CurrentCaller, limit: int = 10) -> Response:
        return Response()

    with pytest.raises(TypeError, match=r"'/\{word\}': .*not \['limit'\]"):
        StraightRoute("/{word}", narrowed)


def test_no_router_looks_for_the_one_call_that_states_an_alert() -> None:
    assert set(straight_calls([alerts.router, sources.router])) == {("POST", "/v1/alerts")}
