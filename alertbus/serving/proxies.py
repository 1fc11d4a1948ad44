"""A door that speaks no TLS of its own, behind a proxy that does: it answers that proxy, and believes it alone about who calls."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

_FOR_ANYBODY = ("/-/healthy", "/-/ready")
"""What whoever runs the machines asks each gateway itself: it tells only whether this one works."""


class Behind:
    """Lets the named proxies and this machine in, and nobody past them; takes a caller's address from `x-forwarded-for` of a proxy only."""

    def __init__(self, app: ASGIApp, proxies: Sequence[str], refuse: ASGIApp) -> None:
        """`proxies` are addresses or networks. Nothing is let past: `app` sees what they forward, `refuse` answers all others."""
        self._app, self._refuse = app, refuse
        self._forwarded = ProxyHeadersMiddleware(app, list(proxies))  # type: ignore[arg-type]  # its types are its own, of the same shape
        self._networks = [ip_network(proxy) for proxy in proxies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        peer = ip_address((scope.get("client") or ("0.0.0.0", 0))[0])  # noqa: S104  nobody's address: let in by no network
        if any(peer in network for network in self._networks):
            await self._forwarded(scope, receive, send)  # type: ignore[arg-type]
        elif peer.is_loopback or scope["path"] in _FOR_ANYBODY:
            await self._app(scope, receive, send)
        else:
            await self._refuse(scope, receive, send)
