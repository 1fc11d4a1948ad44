"""A GOV.UK Notify of our own on this machine: it keeps what it is sent, answers as it is told to, and says what became of a message."""

import contextlib
import uuid
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

KEY = f"desk-{uuid.uuid4()}-{uuid.uuid4()}"
EMAIL_TEMPLATE, SMS_TEMPLATE, LETTER_TEMPLATE = str(uuid.uuid4()), str(uuid.uuid4()), str(uuid.uuid4())


class FakeNotify:
    def __init__(self) -> None:
        self.status = 201
        self.sent: list[dict[str, Any]] = []
        self.raw: list[str] = []
        self.url = ""
        self.became: dict[str, list[str]] = {}
        """By reference: what Notify would say of each message of it. One that nothing was said of is `sending`."""

    async def take(self, request: web.Request) -> web.Response:
        self.raw.append(f"{request.path_qs} {dict(request.headers)} {await request.text()}")
        body = await request.json()
        if self.status != web.HTTPCreated.status_code:
            said = body.get("email_address") or body.get("phone_number")
            return web.json_response({"errors": [{"error": "BadRequestError", "message": f"no {said}"}]}, status=self.status)
        self.sent.append(body | {"path": request.path})
        if "reference" in body:
            self.became.setdefault(body["reference"], []).append("sending")
        return web.json_response({"id": str(uuid.uuid4())}, status=self.status)

    async def tell(self, request: web.Request) -> web.Response:
        self.raw.append(f"{request.path_qs} {dict(request.headers)}")
        if self.status != web.HTTPCreated.status_code:
            return web.json_response({"errors": []}, status=self.status)
        reference = request.query["reference"]
        listed = [{"id": str(uuid.uuid4()), "reference": reference, "status": status} for status in self.became.get(reference, [])]
        return web.json_response({"notifications": listed, "links": {}})


@contextlib.asynccontextmanager
async def fake_notify() -> AsyncIterator[FakeNotify]:
    fake, app = FakeNotify(), web.Application()
    app.router.add_post("/v2/notifications/{kind}", fake.take)
    app.router.add_get("/v2/notifications", fake.tell)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server = site._server
    assert server is not None
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
    try:
        yield fake
    finally:
        await runner.cleanup()
