"""GOV.UK Notify: sends one template with one link. Whatever it answers is no receipt: nobody has seen or answered anything by it.

Its client writes what the service answers into its own log, and an answer may repeat an address: that log is closed.
"""

import asyncio
import logging
from typing import Protocol

from notifications_python_client.errors import APIError
from notifications_python_client.notifications import NotificationsAPIClient

from alertbus.model.team import NudgeAddress
from alertbus.nudge_settings import NudgeSettings

LIMIT_S = 10.0
"""Seconds that GOV.UK Notify may take (ours): it answers within one."""


class NudgeFailed(Exception):
    """It was not taken. `status` is the answer's, 503 where there was none; never what stood in it."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"not taken, status {status}")


class SendsNudges(Protocol):
    """What the nudging needs of a service."""

    def takes(self, address: NudgeAddress) -> bool: ...
    async def send(self, address: NudgeAddress, link: str) -> None: ...


class Notify:
    """One account. Its client is not thread-safe: one call at a time."""

    def __init__(self, settings: NudgeSettings) -> None:
        log = logging.getLogger("notifications_python_client")
        log.disabled, log.propagate = True, False
        for name in ("base", "notifications"):
            logging.getLogger(f"notifications_python_client.{name}").disabled = True
        self._settings, self._turn = settings, asyncio.Lock()
        self._client = NotificationsAPIClient(settings.api_key.get_secret_value(), base_url=settings.url, timeout=LIMIT_S)  # type: ignore[no-untyped-call]

    def takes(self, address: NudgeAddress) -> bool:
        """Whether there is a template for such an address."""
        return (self._settings.email_template if address.email else self._settings.sms_template) is not None

    async def send(self, address: NudgeAddress, link: str) -> None:
        """Send it. Raises `NudgeFailed`."""
        async with self._turn:
            status = await asyncio.to_thread(self._send, address, link)
        if status is not None:  # raised out here, so that what was answered is not chained to it
            raise NudgeFailed(status)

    def _send(self, address: NudgeAddress, link: str) -> int | None:
        said = {"link": link}
        try:
            if address.email:
                self._client.send_email_notification(address.email, self._settings.email_template, personalisation=said)  # type: ignore[no-untyped-call]
            else:
                self._client.send_sms_notification(address.phone, self._settings.sms_template, personalisation=said)  # type: ignore[no-untyped-call]
        except APIError as error:
            return error.status_code
        return None
