"""A body that comes too slowly is cut; one that comes, and a stream that is listened to, are not. Time is the loop's own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from alertbus.gateway.edge import BODY_S, LEAST_BYTES_PER_S, Counts, Edge
from alertbus.serving.patient_http import HEAD_S
from tests.http_wire import Wire, connected

SCOPE = {"type": "http", "method": "POST", "path": "/v1/alerts", "query_string": b"", "headers": []}

Piece = tuple[float, bytes, bool]
"""After how many seconds it comes, and whether there is more."""


class Leaping(asyncio.SelectorEventLoop):
    """An event loop whose clock leaps to the next thing that is due: nobody sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self.leapt = 0.0

    def time(self) -> float:
        return super().time() + self.leapt

    def _run_once(self) -> None:
        due = [handle.when() for handle in self._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]
        if due and not self._ready:  # type: ignore[attr-defined]
            self.leapt += max(0.0, min(due) - self.time())
        super()._run_once()  # type: ignore[misc]


def answered(pieces: list[Piece], *, then: float = 0.0) -> tuple[int, dict[str, str], int]:
    """Give the status, the headers and how many bytes the application had, for a body that comes so. `then`: for how long the application
    waits for its caller to go away after the body was there.
    """
    read = 0

    async def application(_scope: Any, receive: Any, send: Any) -> None:
        nonlocal read
        while True:
            message = await receive()
            read += len(message.get("body", b""))
            if not message.get("more_body"):
                break
        if then:
            assert (await receive())["type"] == "http.disconnect"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def coming() -> AsyncIterator[dict[str, Any]]:
        for wait, body, more in pieces:
            await asyncio.sleep(wait)
            yield {"type": "http.request", "body": body, "more_body": more}
        await asyncio.sleep(then)
        yield {"type": "http.disconnect"}

    sent: list[Any] = []

    async def law() -> None:
        stream = coming()

        async def receive() -> Any:
            return await anext(stream)

        async def send(message: Any) -> None:
            sent.append(message)

        await Edge(application, Counts())(dict(SCOPE), receive, send)

    _run(law)
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}, read


def _run(law: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=Leaping) as runner:
        runner.run(law())


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([(BODY_S + 1, b"x", False)], id="nothing for too long"),
        pytest.param([(1.0, b"x", True)] * 60, id="a byte a second"),
        pytest.param([(0.0, b"x", True), (BODY_S + 5, b"", False)], id="all but the end"),
    ],
)
def test_a_body_that_comes_too_slowly_is_408_and_its_connection_is_closed(pieces: list[Piece]) -> None:
    status, headers, read = answered(pieces)

    assert (status, headers["connection"]) == (408, "close")
    assert read <= BODY_S + 1


@pytest.mark.parametrize(
    ("pieces", "size"),
    [
        pytest.param([(0.0, b"x", False)], 1, id="at once"),
        pytest.param([(BODY_S - 1, b"x", False)], 1, id="late"),
        pytest.param([(1.0, b"x" * 2 * LEAST_BYTES_PER_S, True)] * 30 + [(0.0, b"", False)], 60 * LEAST_BYTES_PER_S, id="slow and large"),
    ],
)
def test_a_body_that_comes_is_read_whole(pieces: list[Piece], size: int) -> None:
    assert (answered(pieces)[0], answered(pieces)[2]) == (200, size)


def test_whoever_listens_to_a_stream_may_do_so_for_a_day() -> None:
    assert answered([(0.0, b"", False)], then=86_400.0)[0] == 200


HEAD = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"


def closed_after(pieces: list[tuple[float, bytes]], *, answer_s: float = 0.0) -> tuple[bool, bytes]:
    """Say whether the connection was closed on which the pieces came, each so many seconds later, and what was answered on it."""

    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        await asyncio.sleep(answer_s)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    wire = Wire()

    async def law() -> None:
        protocol = connected(application, wire)
        for wait, piece in pieces:
            await asyncio.sleep(wait)
            if piece and not wire.closed:
                protocol.data_received(piece)
        await asyncio.sleep(answer_s)

    _run(law)
    return wire.closed, wire.written


def test_a_head_that_comes_a_byte_a_second_closes_its_connection_the_first_and_the_next() -> None:
    slowly = [(1.0, HEAD[n : n + 1]) for n in range(len(HEAD))]

    assert closed_after(slowly) == (True, b"")
    closed, written = closed_after([(0.0, HEAD), (1.0, b""), *slowly])
    assert (closed, written.count(b"200 OK")) == (True, 1)


def test_a_head_that_comes_is_answered_however_long_the_answer_takes() -> None:
    assert closed_after([(HEAD_S - 1, HEAD), (0.0, b"")], answer_s=3_600.0)[1].count(b"200 OK") == 1
    assert closed_after([(5.0, HEAD)] * 10)[1].count(b"200 OK") >= 9
