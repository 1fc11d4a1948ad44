"""The gateway as a process: uvicorn without its own logging or signal handlers, until `stop`."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp

from alertbus.broker.faults import BrokerFault
from alertbus.broker.producer import Producer
from alertbus.gateway.app import create_app
from alertbus.gateway.context import Gateway
from alertbus.gateway.patient_http import PatientHttp
from alertbus.gateway.proxies import Behind
from alertbus.model.errors import BrokerUnavailable, SettingsFault
from alertbus.plugin.manager import Plugins
from alertbus.policy.policy import Policy
from alertbus.settings import Settings
from alertbus.sql.database import Database

log = structlog.get_logger("alertbus.gateway")

_GRACE_S = 5.0


async def run_gateway(
    settings: Settings,
    bootstrap: str,
    engine: Database,
    plugins: Plugins,
    policy: Policy,
    stop: asyncio.Event,
    *,
    now: Callable[[], datetime],
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until `stop`. `ready` is called once the port is open and the cases that an earlier process left are published.

    The database schema must be up to date and the topics must exist. Raises `BrokerUnavailable`, or `SettingsFault` for a port in use.
    """
    producer = Producer(bootstrap, client_id="alertbus-gateway")
    try:
        await producer.start()
    except BrokerFault as fault:
        raise BrokerUnavailable(str(fault)) from None
    try:
        gateway = Gateway(settings, bootstrap, engine, producer, plugins, policy, now)
        await _serve(gateway, stop, ready)
    finally:
        with contextlib.suppress(TimeoutError):  # it waits for a broker that is away
            await asyncio.wait_for(producer.stop(), _GRACE_S)


async def _serve(gateway: Gateway, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    app, proxies = create_app(gateway), gateway.settings.trusted_proxies
    with _listening(gateway.settings) as listener:
        server = _Server(
            _loaded(
                Behind(app, proxies) if proxies else app,
                http=PatientHttp,
                ssl_certfile=gateway.settings.http_tls_cert_file,
                ssl_keyfile=gateway.settings.http_tls_key_file,
                lifespan="on",
                log_config=None,
                access_log=False,  # its line holds the query string; `edge` counts calls
                server_header=False,
                proxy_headers=False,  # `Behind` believes the named proxies, and only them
                timeout_graceful_shutdown=int(_GRACE_S),
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await _until(lambda: server.started, serving)
            if not serving.done():
                log.info("gateway listening", port=listener.getsockname()[1])
                ready()
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
        finally:
            gateway.stopping.set()
            server.should_exit = True
            await serving
    if gateway.failure is not None:
        raise gateway.failure


def _loaded(app: ASGIApp, **options: Any) -> uvicorn.Config:
    config = uvicorn.Config(app, **options)
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise SettingsFault(
            f"ALERTBUS_HTTP_TLS_CERT_FILE, ALERTBUS_HTTP_TLS_KEY_FILE: expected PEM files, and a key that belongs to its certificate "
            f"({type(error).__name__}); mend the paths or the files"
        ) from None
    return config


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever gave us `stop`."""
        yield


async def _until(holds: Callable[[], bool], serving: asyncio.Task[None]) -> None:
    while not holds() and not serving.done():  # noqa: ASYNC110  uvicorn has a flag, not an event
        await asyncio.sleep(0.01)


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
    # With its protocol named: asyncio turns Nagle's algorithm off only then, and each answer would wait 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.http_host.strip("[]"), settings.http_port))
        except OSError as error:
            raise SettingsFault(
                f"ALERTBUS_HTTP_PORT: port {settings.http_port} on {settings.http_host} cannot be opened "
                f"({error.strerror}); stop what listens there, or set another"
            ) from None
        listener.setblocking(False)
        yield listener
