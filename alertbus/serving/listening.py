"""A web application as a process: uvicorn without its own logging or signal handlers, on one socket of ours, until `stop`."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from alertbus.model.errors import SettingsFault
from alertbus.serving.patient_http import PatientHttp

GRACE_S = 5.0
"""Seconds that calls under way are given at the end."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a process listens, and its certificate. `setting` is the name of the port's setting, for who must mend it."""

    host: str
    port: int
    setting: str
    cert_file: Path | None = None
    key_file: Path | None = None


async def serve(
    app: ASGIApp, where: Listening, stop: asyncio.Event, *, ready: Callable[[int], None], ending: Callable[[], None] = lambda: None
) -> None:
    """Serve until `stop`. `ready` is given the port once it is open; `ending` is called before the calls under way are waited for.

    Raises `SettingsFault` for a port in use or a certificate that cannot be read.
    """
    with _opened(where) as listener:
        server = _Server(
            _loaded(
                uvicorn.Config(
                    app,
                    http=PatientHttp,
                    ssl_certfile=where.cert_file,
                    ssl_keyfile=where.key_file,
                    lifespan="on",
                    log_config=None,
                    access_log=False,  # its line holds the query string; we count calls ourselves
                    server_header=False,
                    proxy_headers=False,  # the applications believe the proxies that are named, and only them
                    timeout_graceful_shutdown=int(GRACE_S),
                )
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await _until(lambda: server.started, serving)
            if not serving.done():
                ready(listener.getsockname()[1])
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
        finally:
            ending()
            server.should_exit = True
            await serving


def _loaded(config: uvicorn.Config) -> uvicorn.Config:
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
def _opened(where: Listening) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    # With its protocol named: asyncio turns Nagle's algorithm off only then, and each answer would wait 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((where.host.strip("[]"), where.port))
        except OSError as error:
            raise SettingsFault(
                f"{where.setting}: port {where.port} on {where.host} cannot be opened ({error.strerror}); "
                "stop what listens there, or set another"
            ) from None
        listener.setblocking(False)
        yield listener
