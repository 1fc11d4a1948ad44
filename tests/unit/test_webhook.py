"""What a webhook's client does on the wire: to whom it speaks, for how long, and what it makes of what comes back."""

import asyncio
import contextlib
import ssl
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from alertbus.channel_settings import ChannelSettings
from alertbus.delivery.channels import open_channels, webhook
from alertbus.delivery.channels.webhook import WebhookChannel, trusted, webhook_client
from alertbus.delivery.outcome import ACCEPTED, Outcome, Reply, Trouble
from alertbus.model.notice import Message
from alertbus.plugin.kit.samples import CANARIES
from tests.certificates import Authority, Certificate

KEY = "3b6f1f0e-58a7-5c1b-9d3e-0a6a4a1f2b3c"
SECRET = "whsec_" + "c2FmZWd1YXJkaW5nLXNhZmVndWFyZGluZy0xMjM0"
MESSAGE = Message(media_type="text/plain", body=CANARIES[0].encode(), idempotency_key=KEY)


def now() -> datetime:
    return datetime.now(UTC)


def reply(status: int, body: bytes = b"", length: int | None = None, **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Reason", f"content-length: {len(body) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class System:
    """An agency's system on loopback: remembers each request and each connection, and writes what it is told to, then `200`."""

    def __init__(self, *answers: bytes, hangs_up: bool = False) -> None:
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.left = asyncio.Event()
        """Set when a caller has closed its connection."""
        self._answers = list(answers)
        self._hangs_up = hangs_up
        self._port = 0

    def url(self, path: str = "/in", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self._port}{path}"

    @contextlib.asynccontextmanager
    async def listening(self, certificate: Certificate | None = None) -> AsyncIterator[Self]:
        context = None
        if certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate.cert, certificate.key)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            alive = True
            while alive:
                await self._request(reader)
                alive = await self.answer(writer)
            if self._hangs_up:
                writer.write_eof()
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            self.left.set()
            writer.close()

    async def _request(self, reader: asyncio.StreamReader) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
        self.requests.append(first)
        self.headers.append({name.lower(): value for name, _, value in (line.partition(": ") for line in lines)})
        self.bodies.append(await reader.readexactly(int(self.headers[-1].get("content-length", "0"))))

    async def answer(self, writer: asyncio.StreamWriter) -> bool:
        """Answer one request. False when the connection ends."""
        answer = self._answers.pop(0) if self._answers else reply(200)
        writer.write(answer)
        await writer.drain()
        return not self._hangs_up


class Silent(System):
    """Takes every message and says nothing, until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.speak = asyncio.Event()
        self.asked = asyncio.Semaphore(0)

    async def answer(self, writer: asyncio.StreamWriter) -> bool:
        self.asked.release()
        await self.speak.wait()
        return await super().answer(writer)


class Deaf(System):
    """Takes a connection and reads nothing."""

    async def _request(self, reader: asyncio.StreamReader) -> None:
        await asyncio.Event().wait()


class Dripping(System):
    """Sends one byte after another of an answer that never ends, the status first if it is given."""

    def __init__(self, first: bytes = b"") -> None:
        super().__init__()
        self._first = first

    async def answer(self, writer: asyncio.StreamWriter) -> bool:
        writer.write(self._first or b"HTTP/1.1 200 O")
        while True:
            writer.write(b"K")
            await writer.drain()
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def channel(url: str, **options: Any) -> AsyncIterator[WebhookChannel]:
    async with webhook_client() as client:
        yield WebhookChannel(url, SECRET, client, now, **options)


async def outcome_of(url: str, message: Message = MESSAGE, **options: Any) -> Outcome:
    async with channel(url, **options) as opened:
        return await opened.send(message, "gp")


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (reply(200), None),
        (b"HTTP/1.1 204 No Content\r\n\r\n", None),
        (reply(200, b" \r\n "), None),
        (reply(200, b"{}", content_type="application/json"), Reply(b"{}", "application/json")),
        (reply(202, b"{}"), Reply(b"{}", "")),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", Reply(b"{}", "")),
        (reply(200, b"x" * 65_536), Reply(b"x" * 65_536, "")),
        (reply(200, b"x" * 65_537), Reply(None, "")),
        (reply(200, b"x", content_encoding="gzip", content_type="a/b"), Reply(None, "a/b")),
        (reply(200, b"{", length=2, content_type="a/b"), Reply(None, "a/b")),
        (reply(422, b"{}"), None),
        (reply(409, b"{}"), None),
    ],
    ids=[
        "nothing",
        "no content",
        "blank",
        "typed",
        "untyped",
        "in pieces",
        "just short enough",
        "too long",
        "compressed",
        "cut off",
        "a refusal by status",
        "known already",
    ],
)
async def test_the_webhook_hands_on_what_was_written_with_a_yes_and_no_more_than_it_may(answer: bytes, found: Reply | None) -> None:
    async with System(answer, hangs_up=True).listening() as system:
        outcome = await outcome_of(system.url())

    assert outcome.reply == found
    assert outcome.trouble is (Trouble.REFUSED if b" 422 " in answer else None)
    assert system.headers[0]["accept-encoding"] == "identity"


async def test_it_posts_the_body_signed_under_its_key_and_says_nothing_else_of_itself() -> None:
    async with System().listening() as system:
        assert await outcome_of(system.url()) == ACCEPTED

    (headers,) = system.headers
    Webhook(SECRET).verify(system.bodies[0], headers, json_parse=False)  # raises where it does not hold
    assert system.requests == ["POST /in HTTP/1.1"]
    assert system.bodies == [MESSAGE.body]
    assert headers["webhook-id"] == KEY
    assert headers["user-agent"] == "alertbus"
    assert set(headers) == {
        *("host", "user-agent", "content-type", "content-length", "accept", "accept-encoding"),
        *("webhook-id", "webhook-timestamp", "webhook-signature"),
    }


async def test_a_long_message_arrives_whole() -> None:
    message = MESSAGE.model_copy(update={"body": b"0123456789" * 200_000})
    async with System().listening() as system:
        assert await outcome_of(system.url(), message) == ACCEPTED

    assert system.bodies == [message.body]
    assert system.headers[0]["content-type"] == "text/plain"


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("", "/"),
        ("/a%2Fb?key=%2F%3D%2B+x&k", "/a%2Fb?key=%2F%3D%2B+x&k"),
        ("/in#part", "/in"),
        ("/f\u00e4lle /in", "/f%C3%A4lle%20/in"),
    ],
    ids=["bare", "encoded by its owner", "with a part", "not encoded"],
)
async def test_an_address_is_called_as_it_was_given(path: str, asked: str) -> None:
    async with System().listening() as system:
        assert await outcome_of(system.url(path)) == ACCEPTED

    assert system.requests == [f"POST {asked} HTTP/1.1"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    async with System().listening() as stranger, System(reply(status, location=stranger.url())).listening() as system:
        outcome = await outcome_of(system.url())

    assert outcome == Outcome(Trouble.UNUSUAL)
    assert stranger.requests == []


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with System().listening() as stranger, System().listening() as system:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, stranger.url(""))
        assert await outcome_of(system.url()) == ACCEPTED

    assert stranger.connections == 0
    assert len(system.requests) == 1


async def test_nothing_that_a_system_asks_us_to_remember_is_sent_back() -> None:
    async with System(reply(200, set_cookie="session=1")).listening() as system, channel(system.url()) as opened:
        await opened.send(MESSAGE, "gp")
        await opened.send(MESSAGE, "gp")

    assert [("cookie" in headers) for headers in system.headers] == [False, False]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"body": b"\xff\xfe"},
        {"headers": {"x-name": "fa\u00e7ade"}},
        {"headers": {"x name": "a"}},
        {"headers": {"": "a"}},
        {"headers": {"x-a": "1\r\nx-b: 2"}},
        {"headers": {"x-a": "1\n"}},
        {"headers": {"x-a\n": "1"}},
        {"headers": {"x-a": " 1"}},
        {"headers": {"x-a": "1\x00"}},
        {"media_type": "text/plain\r\nx-b: 2"},
        {"idempotency_key": "key\nx-b: 2"},
    ],
)
async def test_what_cannot_stand_in_a_request_is_not_sent(spoilt: dict[str, Any]) -> None:
    async with System().listening() as system:
        assert await outcome_of(system.url(), MESSAGE.model_copy(update=spoilt)) == Outcome(Trouble.UNSENDABLE)

    assert system.connections == 0


async def test_a_plugin_sets_no_header_that_is_the_channels_own() -> None:
    ours = ("Content-Type", "Content-Length", "Transfer-Encoding", "Connection", "Host", "Expect", "Cookie", "Webhook-Id", "webhook-x")
    async with System().listening() as system:
        message = MESSAGE.model_copy(update={"headers": {"x-mine": "", **dict.fromkeys(ours, "7")}})
        assert await outcome_of(system.url(), message) == ACCEPTED

    (headers,) = system.headers
    assert headers["x-mine"] == ""
    assert "7" not in headers.values()


# --- trouble ----------------------------------------------------------------------------------------------------------


async def test_nobody_at_the_address_is_unreachable() -> None:
    async with System().listening() as system:
        url = system.url()

    assert await outcome_of(url) == Outcome(Trouble.UNREACHABLE)
    assert await outcome_of("https://no-such-host.invalid/in") == Outcome(Trouble.UNREACHABLE)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200", b"SSH-2.0-stranger\r\n\r\n", b"HTTP/1.1 200 OK\r\nx: " + b"x" * 100_000])
async def test_an_answer_that_breaks_off_before_its_status_or_is_none_is_a_cut(answer: bytes) -> None:
    async with System(answer, hangs_up=True).listening() as system:
        assert await outcome_of(system.url()) == Outcome(Trouble.CUT)


async def test_a_system_that_says_nothing_is_slow() -> None:
    async with Silent().listening() as system:
        assert await outcome_of(system.url(), limit_s=0.1) == Outcome(Trouble.SLOW)


async def test_a_handshake_that_never_ends_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "_CONNECT_S", 0.1)
    async with Deaf().listening() as system:
        assert await outcome_of(system.url(scheme="https")) == Outcome(Trouble.UNREACHABLE)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere such a connection ends when its system does")
async def test_a_system_that_reads_nothing_keeps_no_connection_open_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "_TAKES_NOTHING_S", 0.1)
    long = MESSAGE.model_copy(update={"body": b"x" * 2**24})  # more than the two sides' buffers hold
    async with Deaf().listening() as system, channel(system.url(), limit_s=0.3) as opened:
        before = open_files()
        assert [await opened.send(long, "gp") for _ in range(3)] == [Outcome(Trouble.SLOW)] * 3
        async with asyncio.timeout(30):
            while open_files() > before + 3:  # noqa: ASYNC110  the kernel tells nobody; three are the system's own
                await asyncio.sleep(0.01)


def open_files() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


async def test_an_attempt_ends_however_slowly_the_other_side_drips() -> None:
    async with Dripping().listening() as system:
        assert await outcome_of(system.url(), limit_s=0.2) == Outcome(Trouble.SLOW)


async def test_a_status_once_known_counts_though_the_rest_drips_for_ever() -> None:
    async with Dripping(b"HTTP/1.1 200 OK\r\n\r\n").listening() as system:
        assert await outcome_of(system.url(), limit_s=0.2) == Outcome(reply=Reply(None, ""))


# --- connections ------------------------------------------------------------------------------------------------------


async def test_one_connection_serves_one_message_after_another() -> None:
    async with System().listening() as system, channel(system.url()) as opened:
        for _ in range(5):
            assert await opened.send(MESSAGE, "gp") == ACCEPTED

    assert (len(system.requests), system.connections) == (5, 1)


async def test_a_connection_that_its_system_has_closed_is_not_used_again() -> None:
    async with System(hangs_up=True).listening() as system, channel(system.url()) as opened:
        assert await opened.send(MESSAGE, "gp") == ACCEPTED
        await system.left.wait()
        assert await opened.send(MESSAGE, "gp") == ACCEPTED

    assert (len(system.requests), system.connections) == (2, 2)


async def test_no_more_connections_stay_open_than_there_is_room_for() -> None:
    async with Silent().listening() as system, webhook_client(agencies=200) as client:
        opened = WebhookChannel(system.url(), SECRET, client, now)
        sending = [asyncio.create_task(opened.send(MESSAGE, "gp")) for _ in range(10)]
        for _ in sending:
            await system.asked.acquire()
        assert system.open == 10
        system.speak.set()
        assert await asyncio.gather(*sending) == [ACCEPTED] * 10
        while system.open > client.kept:
            system.left.clear()
            await system.left.wait()
        before = system.connections
        assert await asyncio.gather(*(opened.send(MESSAGE, "gp") for _ in range(2))) == [ACCEPTED] * 2

        assert (client.kept, system.open, system.connections) == (2, 2, before)


async def test_a_system_that_hangs_takes_no_connection_from_another() -> None:
    async with Silent().listening() as dead, System().listening() as well, webhook_client(agencies=2) as client:
        stuck = WebhookChannel(dead.url(), SECRET, client, now)
        sending = [asyncio.create_task(stuck.send(MESSAGE, "gp")) for _ in range(300)]
        for _ in sending:
            await dead.asked.acquire()

        assert await WebhookChannel(well.url(), SECRET, client, now).send(MESSAGE, "school") == ACCEPTED
        assert not any(task.done() for task in sending)
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)


# --- certificates -----------------------------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


async def test_a_certificate_that_nobody_we_trust_has_signed_is_not_spoken_to(authority: Authority) -> None:
    async with System().listening(authority.sign("stranger")) as system:
        assert await outcome_of(system.url(scheme="https")) == Outcome(Trouble.UNREACHABLE)

    assert system.requests == []


async def test_the_machines_own_list_of_authorities_counts(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.cert))
    async with System().listening(authority.sign("gp")) as system:
        assert await outcome_of(system.url(scheme="https")) == ACCEPTED


async def test_a_certificate_for_another_name_is_not_spoken_to(authority: Authority) -> None:
    async with System().listening(authority.sign("gp", "DNS:gp.example")) as system:
        assert await outcome_of(system.url(scheme="https"), trusting=trusted(authority.cert)) == Outcome(Trouble.UNREACHABLE)

    assert system.requests == []


def settings(url: str, **more: Any) -> ChannelSettings:
    return ChannelSettings(channel="webhook", url=url, secret=SecretStr(SECRET), **more)


async def test_an_agency_with_an_authority_of_its_own_is_known_by_that_alone(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Authority(tmp_path / "other", "another authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(other.cert))
    transactions: Any = None
    async with System().listening(authority.sign("gp")) as gp, System().listening(other.sign("school")) as school:
        chosen = {
            "gp": settings(gp.url(scheme="https"), ca_file=authority.cert),
            "school": settings(school.url(scheme="https")),
            "school.claimed": settings(school.url(scheme="https"), ca_file=authority.cert),
            "gp.claimed": settings(gp.url(scheme="https")),
        }
        async with open_channels(chosen, transactions, now) as opened:
            found = {agency: (await opened.of(agency).send(MESSAGE, agency)).trouble for agency in chosen}

    assert found == {"gp": None, "school": None, "school.claimed": Trouble.UNREACHABLE, "gp.claimed": Trouble.UNREACHABLE}


async def test_an_agency_may_have_a_time_limit_of_its_own() -> None:
    transactions: Any = None
    async with Silent().listening() as slow:
        chosen = {"gp": settings(slow.url(), timeout_s=0.1), "school": settings(slow.url())}
        async with open_channels(chosen, transactions, now) as opened:
            waiting = asyncio.create_task(opened.of("school").send(MESSAGE, "school"))
            assert await opened.of("gp").send(MESSAGE, "gp") == Outcome(Trouble.SLOW)
            slow.speak.set()
            assert await waiting == ACCEPTED
