"""The gateway with a certificate of its own, on its real port: the command line's client knows it, and takes nobody else for it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from alertbus.broker.topics import ensure_topics
from alertbus.gateway import server
from alertbus.gateway.server import run_gateway
from alertbus.model.errors import SettingsFault
from alertbus.plugin.manager import Plugins
from alertbus.policy.load import load_policy
from alertbus.run.client import Client
from alertbus.run.temporary import any_port
from alertbus.settings import Settings, load_settings
from alertbus.sql.engine import make_engine, migrate
from tests.certificates import Authority

pytestmark = pytest.mark.kafka


@contextlib.asynccontextmanager
async def serving(settings: Settings, kafka: str) -> AsyncIterator[None]:
    await ensure_topics(kafka)
    await migrate(settings.sqlalchemy_url)
    engine, stop, ready = make_engine(settings.sqlalchemy_url), asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(
        run_gateway(settings, kafka, engine, Plugins({}), load_policy(), stop, now=lambda: datetime.now(UTC), ready=ready.set)
    )
    starting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait({running, starting}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        yield
    finally:
        starting.cancel()
        stop.set()
        if not running.done():
            await running
        await engine.dispose()


async def test_the_client_calls_over_tls_and_only_whom_the_authority_vouches_for(kafka: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    own = authority.sign("gateway")
    settings = load_settings(
        data_dir=tmp_path / "data",
        http_port=any_port("127.0.0.1"),
        http_tls_cert_file=own.cert,
        http_tls_key_file=own.key,
        http_ca_file=authority.cert,
    )

    async with serving(settings, kafka):
        async with Client.of(settings) as client:
            assert await client.answers()
            assert "alerts" in str(await client.call("GET", "/openapi.json"))
        async with Client(settings.api_url, ca_file=Authority(tmp_path / "another", "another").cert) as client:
            assert not await client.answers()
        async with Client(settings.api_url) as client:
            assert not await client.answers()
        async with httpx.AsyncClient() as clear:
            with pytest.raises(httpx.TransportError):
                await clear.get(f"http://127.0.0.1:{settings.http_port}/-/healthy")


@pytest.mark.parametrize(("proxies", "seen"), [((), "127.0.0.1"), (("127.0.0.1",), "192.0.2.9")])
async def test_what_is_forwarded_counts_on_the_real_port_from_a_named_proxy_alone(
    proxies: tuple[str, ...], seen: str, kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def who(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await JSONResponse(Request(scope).client)(scope, receive, send)
        else:
            await Starlette()(scope, receive, send)

    monkeypatch.setattr(server, "create_app", lambda _: who)
    callers = [{"name": "mash", "agency": "social_care", "token_sha256": "0" * 64}]
    settings = load_settings(data_dir=tmp_path, http_port=any_port("127.0.0.1"), callers=callers, trusted_proxies=proxies)

    async with serving(settings, kafka), httpx.AsyncClient(base_url=settings.api_url) as http:
        assert (await http.get("/", headers={"x-forwarded-for": "192.0.2.9"})).json()[0] == seen


async def test_files_that_are_no_pair_stop_the_start_with_their_settings_names(kafka: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    one, other = authority.sign("one"), authority.sign("other")
    settings = load_settings(
        data_dir=tmp_path / "data", http_port=any_port("127.0.0.1"), http_tls_cert_file=one.cert, http_tls_key_file=other.key
    )

    with pytest.raises(SettingsFault, match="ALERTBUS_HTTP_TLS_CERT_FILE"):
        async with serving(settings, kafka):
            pass
