"""One connection to the gateway without a network: bytes in, bytes out."""

import asyncio

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from alertbus.serving.patient_http import PatientHttp


class Wire(asyncio.Transport):
    """A connection that remembers whether it was closed, and what was written to it."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.closed, self.written = False, b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def connected(application: ASGIApp, wire: Wire) -> PatientHttp:
    """Give the gateway's end of a connection to this application, with all the time there is between two requests."""
    config = uvicorn.Config(application, http=PatientHttp, lifespan="off", log_config=None, timeout_keep_alive=3600)
    config.load()
    protocol = PatientHttp(config=config, server_state=ServerState(), app_state={}, _loop=asyncio.get_running_loop())
    protocol.connection_made(wire)
    return protocol
