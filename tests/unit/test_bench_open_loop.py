"""The open loop of `alertbus bench`: the timetable is kept in the records whatever the gateway does, and a refusal ends the measurement."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from alertbus.bench.county import alert_about
from alertbus.bench.open_loop import NotAccepted, steady

RATE = 200.0


@contextlib.asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", access_log=False, log_config=None))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


def answering(*statuses: int, after: int = 1) -> Any:
    """Answers with each status in turn, the last for ever, but nobody before so many have asked."""
    left = list(statuses)
    asked = 0
    released = asyncio.Event()

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        nonlocal asked
        while (await receive()).get("more_body"):
            pass
        asked += 1
        if asked == after:
            released.set()
        await released.wait()
        status = left.pop(0) if len(left) > 1 else left[0]
        body = b'{"id": "an-id"}'
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})

    return app


async def test_a_stall_counts_against_every_alert_whose_turn_came_meanwhile() -> None:
    alerts = [alert_about(number % 10) for number in range(20)]
    async with served(answering(202, after=len(alerts))) as url:
        sent = await steady(url, alerts, RATE)

    first = sent[0].scheduled
    assert [one.scheduled - first for one in sent] == pytest.approx([number / RATE for number in range(20)])
    assert all(one.scheduled <= one.sent <= one.accepted for one in sent)
    assert min(one.accepted for one in sent) >= sent[-1].scheduled


async def test_an_answer_other_than_202_ends_the_measurement() -> None:
    async with served(answering(202, 503)) as url:
        with pytest.raises(NotAccepted, match="503"):
            await steady(url, [alert_about(number % 10) for number in range(3)], RATE)


async def test_no_more_is_sent_once_it_is_enough_and_what_was_sent_is_still_waited_for() -> None:
    asked = 0

    def enough() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    async with served(answering(202)) as url:
        sent = await steady(url, [alert_about(number) for number in range(10)], RATE, enough)

    assert len(sent) == 3
    assert all(one.accepted for one in sent)
