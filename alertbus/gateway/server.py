"""The gateway as a process."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime

import structlog

from alertbus.broker.faults import BrokerFault
from alertbus.broker.producer import Producer
from alertbus.gateway.app import create_app
from alertbus.gateway.context import Gateway
from alertbus.gateway.problems import of_bus_error
from alertbus.model.errors import BrokerUnavailable, NotAllowed
from alertbus.plugin.manager import Plugins
from alertbus.policy.policy import Policy
from alertbus.serving.listening import GRACE_S, Listening, serve
from alertbus.serving.proxies import Behind
from alertbus.settings import Settings
from alertbus.sql.database import Database

NOT_PAST_THE_PROXY = of_bus_error(NotAllowed("call it through its proxy: this door has no TLS of its own"))

log = structlog.get_logger("alertbus.gateway")


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
    operators: str = "",
) -> None:
    """Serve until `stop`. `ready` is called once the port is open and the cases that an earlier process left are published. `operators` is
    the broker as who may put records back from quarantine.

    The database schema must be up to date and the topics must exist. Raises `BrokerUnavailable`, or `SettingsFault` for a port in use.
    """
    producer = Producer(bootstrap, client_id="alertbus-gateway")
    try:
        await producer.start()
    except BrokerFault as fault:
        raise BrokerUnavailable(str(fault)) from None
    try:
        gateway = Gateway(settings, bootstrap, engine, producer, plugins, policy, now, operators=operators)
        await _serve(gateway, stop, ready)
    finally:
        with contextlib.suppress(TimeoutError):  # it waits for a broker that is away
            async with asyncio.timeout(GRACE_S):
                await producer.stop()


async def _serve(gateway: Gateway, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    settings, app = gateway.settings, create_app(gateway)
    tls = settings.http_tls_cert_file, settings.http_tls_key_file

    def listening(port: int) -> None:
        log.info("gateway listening", port=port)
        ready()

    await serve(
        Behind(app, settings.trusted_proxies, NOT_PAST_THE_PROXY) if settings.trusted_proxies else app,
        Listening(settings.http_host, settings.http_port, "ALERTBUS_HTTP_PORT", *tls),
        stop,
        ready=listening,
        ending=gateway.stopping.set,
    )
    if gateway.failure is not None:
        raise gateway.failure
