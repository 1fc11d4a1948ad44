"""The command line's client is patient with a gateway that is away, and says nothing of what it was sending."""

import io
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from alertbus import logs
from alertbus.cli.main import app, guarded
from alertbus.model.errors import SettingsFault, Unavailable
from alertbus.run import bootstrap
from alertbus.run.client import CallRefused, Client
from alertbus.settings import load_settings
from alertbus.sql import engine as sql

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


TOKEN = "a-token-that-nobody-guesses"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[httpx.Request]:
    """What the command line asks, of a gateway that answers everything in the shape that was asked for."""
    monkeypatch.setenv("ALERTBUS_DATA_DIR", str(tmp_path / "data"))
    found: list[httpx.Request] = []
    case = {"id": "c1", "version": 1}
    answers: dict[str, Any] = {
        "/v1/cases/c1": case,
        "/v1/alerts/a1/explanation": {"stands": "", "lines": []},
        "/v1/explanations": {"stands": "", "lines": []},
        "/v1/reviews": {"items": [], "next": None},
        "/v1/alerts": {"id": "a1"},
        "/v1/people/merges": {"id": "x", "repeated": False, "waits": False},
    }
    alert = {"id": "a1", "source": "s", "source_id": "1", "kind": "other", "severity": "low", "exercise": None, "matches": 1}

    def answer(request: httpx.Request) -> httpx.Response:
        found.append(request)
        if request.url.path == "/v1/alerts/a1":
            return httpx.Response(200, json=alert | {"obligations": [], "held_by": [], "later": [], "items": []})
        if request.url.path.endswith("/chronology"):
            return httpx.Response(200, text="the chronology")
        return httpx.Response(200, json=answers[request.url.path])

    transport = httpx.MockTransport(answer)
    made = httpx.AsyncClient
    monkeypatch.setattr(httpx, "AsyncClient", lambda **options: made(transport=transport, **options))
    return found


@pytest.mark.parametrize(
    "words",
    [
        "send FILE",
        "cases import FILE",
        "cases show c1",
        "cases chronology c1 --format csv",
        "explain a1",
        "explain --file FILE",
        "status a1",
        "review list",
        "people merge c1/a c1/b --by Jo",
    ],
)
@pytest.mark.parametrize("way", ["--token-file", "ALERTBUS_TOKEN_FILE", "ALERTBUS_TOKEN"])
def test_every_command_about_alerts_cases_and_people_asks_the_gateway_with_its_token_and_nobody_else(
    words: str, way: str, asked: list[httpx.Request], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, token = tmp_path / "said.json", tmp_path / "token"
    file.write_text('{"id": "c1"}')
    token.write_text(f"{TOKEN}\n")
    token.chmod(0o600)
    monkeypatch.setenv("ALERTBUS_TOKEN_FILE", "")  # put back afterwards, whatever the option sets it to
    if way.startswith("ALERTBUS"):
        monkeypatch.setenv(way, TOKEN if way == "ALERTBUS_TOKEN" else str(token))
    options = ["--token-file", str(token)] if way == "--token-file" else []
    monkeypatch.setattr(sys, "argv", ["alertbus", *options, *(str(file) if word == "FILE" else word for word in words.split())])
    monkeypatch.setattr(sql, "make_engine", None)  # no database is opened
    monkeypatch.setattr(bootstrap, "make_engine", None)

    assert guarded(app) == 0

    assert asked
    assert {request.headers["authorization"] for request in asked} == {f"Bearer {TOKEN}"}
    out = capsys.readouterr()
    assert TOKEN not in out.out + out.err


@pytest.mark.parametrize("held", [b"", b"\xff\xfe", b"two\nlines", "tök".encode()])
def test_a_token_file_that_holds_something_else_is_a_fault_that_does_not_repeat_it(
    held: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_bytes(held)
    monkeypatch.setenv("ALERTBUS_TOKEN_FILE", str(tmp_path / "token"))

    with pytest.raises(SettingsFault, match="ALERTBUS_TOKEN_FILE") as refused:
        Client.of(load_settings())

    assert "two" not in str(refused.value)


def test_settings_shown_hold_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTBUS_TOKEN", TOKEN)

    assert TOKEN not in repr(load_settings())
