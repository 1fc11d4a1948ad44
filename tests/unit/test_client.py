"""The command line's client is patient with a gateway that is away, and says nothing of what it was sending."""

import io
import logging
from collections.abc import Callable, Iterator

import httpx
import pytest
import structlog

from alertbus import logs
from alertbus.model.errors import Unavailable
from alertbus.run.client import CallRefused, Client

CANARY = "Zebulon-Quagmire-1987"


@pytest.fixture
def log_text() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure("json", "DEBUG", "test", stream=stream)
    yield stream
    logging.getLogger().handlers[:], level = before
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def client(answer: Callable[[httpx.Request], httpx.Response], patience_s: float) -> Client:
    found = Client("http://127.0.0.1:1", patience_s=patience_s)
    found._http = httpx.AsyncClient(base_url="http://127.0.0.1:1", transport=httpx.MockTransport(answer))
    return found


async def test_a_gateway_that_asks_for_patience_is_asked_again_and_answers(log_text: io.StringIO) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.content.decode())
        if len(asked) == 1:
            raise httpx.ConnectError("refused", request=request)
        if len(asked) == 2:
            return httpx.Response(503, headers={"retry-after": "0"})
        return httpx.Response(202, json={"id": "one"})

    async with client(answer, 30.0) as patient:
        found = await patient.call("POST", "/v1/alerts", content=CANARY)

    assert found == {"id": "one"}
    assert asked == [CANARY] * 3
    assert CANARY not in log_text.getvalue()


async def test_without_patience_one_call_is_made_and_its_end_is_a_sentence_without_what_was_sent(log_text: io.StringIO) -> None:
    asked: list[None] = []

    def answer(_: httpx.Request) -> httpx.Response:
        asked.append(None)
        return httpx.Response(503)

    async with client(answer, 0.0) as impatient:
        with pytest.raises(Unavailable) as raised:
            await impatient.call("POST", "/v1/alerts", content=CANARY)

    assert len(asked) == 1
    assert CANARY not in str(raised.value) + log_text.getvalue()


async def test_a_no_is_not_asked_again() -> None:
    async with client(lambda _: httpx.Response(403, json={"title": "You may not do this"}), 30.0) as patient:
        with pytest.raises(CallRefused, match="You may not do this"):
            await patient.call("GET", "/v1/inbox")
