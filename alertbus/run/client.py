"""Talking to the bus's own API from the command line, patiently: a part that is being started again is waited for."""

import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Self

import httpx
import stamina.instrumentation

from alertbus.model.errors import BusError, SettingsFault, Unavailable
from alertbus.run.bus_file import read_bus_file
from alertbus.settings import Settings

stamina.instrumentation.set_on_retry_hooks([])  # the default ones log the arguments of the call, and an alert may be among them

LONGEST_WAIT_S = 1.0
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

    def __init__(self, url: str, *, patience_s: float = 0.0, token: str | None = None, ca_file: Path | None = None) -> None:
        """`ca_file`: whoever signs the gateway's certificate; None for whom the operating system trusts."""
        self._url = url
        self._patience_s = patience_s
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.AsyncClient(base_url=url, timeout=30.0, headers=headers, verify=_trusting(ca_file))

    @classmethod
    def of(cls, settings: Settings, *, patience_s: float = 0.0) -> Self:
        running = read_bus_file(settings)
        url = running.url if running and not settings.http_url else settings.api_url
        return cls(url, patience_s=patience_s, token=settings.bearer_token, ca_file=settings.http_ca_file)

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
        answer = await self._answer(method, path, options)
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text

    async def file(self, path: str, **query: str) -> bytes:
        """The answer as it came, whatever its format. Raises as `call` does."""
        return (await self._answer("GET", path, {"params": query})).content

    async def _answer(self, method: str, path: str, options: Mapping[str, Any]) -> httpx.Response:
        try:
            async for attempt in self._patiently():
                with attempt:
                    answer = await self._once(method, path, options)
        except (_ComeAgain, httpx.TransportError):
            words = (
                f"no answer from {self._url}. Start the bus with `alertbus up`, or set ALERTBUS_HTTP_URL to its address "
                "and ALERTBUS_HTTP_CA_FILE to who signs its certificate."
            )
            raise Unavailable(words) from None
        if answer.is_success:
            return answer
        body = answer.json() if "json" in answer.headers.get("content-type", "") else answer.text
        raise CallRefused(answer.status_code, body if isinstance(body, dict) else {"title": body})

    async def _once(self, method: str, path: str, options: Mapping[str, Any]) -> httpx.Response:
        answer = await self._http.request(method, path, **options)
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise _ComeAgain(float(answer.headers.get("retry-after", "1")))
        return answer

    def _patiently(self) -> AsyncIterator[Any]:
        """Attempts until one is made that need not be made again, or patience has run out; one, where there is no patience."""
        return stamina.retry_context(
            on=_wait_before_next,
            attempts=None if self._patience_s else 1,
            timeout=self._patience_s or None,
            wait_initial=0.2,
            wait_max=LONGEST_WAIT_S,
            wait_jitter=0.1,
        )


def _trusting(ca_file: Path | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsFault(f"ALERTBUS_HTTP_CA_FILE: expected a PEM file that can be read ({type(error).__name__}); mend it") from None


class _ComeAgain(Exception):
    """The gateway asks for patience, and says how many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"in {seconds:g} s")


def _wait_before_next(error: Exception) -> bool | float:
    """Try again, after as long as the gateway asked for, but never longer than `LONGEST_WAIT_S`: it may be back sooner."""
    if isinstance(error, _ComeAgain):
        return min(error.seconds, LONGEST_WAIT_S)
    return isinstance(error, httpx.TransportError)
