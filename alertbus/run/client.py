"""Talking to the bus's own API from the command line, patiently: a part that is being started again is waited for."""

import asyncio
from collections.abc import Mapping
from typing import Any, Self

import httpx

from alertbus.model.errors import BusError, Unavailable
from alertbus.run.bus_file import read_bus_file
from alertbus.settings import Settings

PATIENCE_S = 120.0
"""How long a call is tried again while the gateway is away or says 503."""


class CallRefused(BusError):
    """The gateway understood the call and said no. `status` and `problem` are its answer."""

    code = "refused"

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.problem = status, problem
        faults = "; ".join(f"{f.get('path') or 'input'}: {f.get('expected')}" for f in problem.get("faults") or ())
        super().__init__(f"{problem.get('detail') or problem.get('title') or 'refused'}" + (f" ({faults})" if faults else ""))


class Client:
    """The API of one gateway. Every call may be repeated: the bus takes each statement once."""

    def __init__(self, url: str, *, patience_s: float = 0.0, token: str | None = None) -> None:
        self._url = url
        self._patience_s = patience_s
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.AsyncClient(base_url=url, timeout=30.0, headers=headers)

    @classmethod
    def of(cls, settings: Settings, *, patience_s: float = 0.0) -> Self:
        running = read_bus_file(settings)
        url = running.url if running else f"http://{settings.http_host}:{settings.http_port}"
        return cls(url, patience_s=patience_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def answers(self) -> bool:
        try:
            return (await self._http.get("/-/healthy")).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """The answer's JSON. Raises `CallRefused` for a no, `Unavailable` when patience has run out."""
        deadline = asyncio.get_running_loop().time() + self._patience_s
        while True:
            try:
                answer = await self._http.request(method, path, **options)
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    break
                wait = min(float(answer.headers.get("retry-after", "1")), 1.0)
            except httpx.TransportError:
                wait = 0.2
            if asyncio.get_running_loop().time() > deadline:
                raise Unavailable(f"no answer from {self._url}. Start the bus with `alertbus up`, or set ALERTBUS_HTTP_PORT to its port.")
            await asyncio.sleep(wait)
        body = answer.json() if "json" in answer.headers.get("content-type", "") else answer.text
        if answer.is_success:
            return body
        raise CallRefused(answer.status_code, body if isinstance(body, dict) else {"title": body})
