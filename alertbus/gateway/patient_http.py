"""uvicorn's HTTP/1.1, with an end to its patience: it waits for ever for the head of a request that comes a byte at a time."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0
"""Seconds in which the head of a request must have come, from when the connection was made or the answer before was sent. Chosen: a head
is a few hundred bytes. How long a body may take is the edge's to say."""


class PatientHttp(H11Protocol):
    """A connection. One on which no request is under way when the time is over is closed: whoever holds it has nothing to lose."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait_for_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._patience = self.loop.call_later(HEAD_S, self._end_of_patience)

    def _end_of_patience(self) -> None:
        under_way = self.cycle is not None and not self.cycle.response_complete
        if not under_way and not self.transport.is_closing():
            self.transport.close()
