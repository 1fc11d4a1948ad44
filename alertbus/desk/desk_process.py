"""The desk as a process: pages on a port of their own, over the same database and broker as the gateway."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime

import structlog

from alertbus.audit.anchor import Anchor, anchor_places
from alertbus.audit.keys import load_keys
from alertbus.broker.faults import BrokerFault
from alertbus.broker.producer import Producer
from alertbus.desk.desk import Desk
from alertbus.desk.guard import refuse
from alertbus.desk.sign_in.door import Door
from alertbus.desk.web import create_desk_app
from alertbus.intake.intake import Intake
from alertbus.model.errors import BrokerUnavailable
from alertbus.plugin.manager import Plugins
from alertbus.policy.policy import Policy
from alertbus.serving.listening import GRACE_S, Listening, serve
from alertbus.serving.proxies import Behind
from alertbus.settings import Settings
from alertbus.sql.database import Database

log = structlog.get_logger("alertbus.desk")


async def run_desk(
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
    """Serve until `stop`; `operators` is the broker as who may put records back from quarantine.

    Raises `BrokerUnavailable`, and `SettingsFault` for a port in use or pages whose style sheet was not made.
    """
    producer = Producer(bootstrap, client_id="alertbus-desk")
    try:
        await producer.start()
    except BrokerFault as fault:
        raise BrokerUnavailable(str(fault)) from None
    try:
        keys = load_keys(settings.audit_key_file, settings.data_dir)
        anchor = Anchor(*anchor_places(settings.audit_anchor, settings.data_dir), now)
        intake = Intake(bootstrap, engine, producer, plugins, policy, now, keys=keys, anchor=anchor)
        desk = Desk(settings, engine, intake, policy, now, operators=operators)
        desk.door = Door(engine, settings, frozenset(policy.agencies), intake.audited, now, desk.page)

        def listening(port: int) -> None:
            log.info("desk listening", port=port)
            ready()

        tls = settings.http_tls_cert_file, settings.http_tls_key_file
        where = Listening(settings.http_host, settings.desk_port, "ALERTBUS_DESK_PORT", *tls)
        app = create_desk_app(desk)
        behind = Behind(app, settings.trusted_proxies, refuse) if settings.trusted_proxies else app
        await serve(behind, where, stop, ready=listening, ending=desk.stopping.set)
    finally:
        with contextlib.suppress(TimeoutError):  # it waits for a broker that is away
            async with asyncio.timeout(GRACE_S):
                await producer.stop()
