"""Nudges by GOV.UK Notify: one template with one link. Whatever it answers is no receipt: nobody has seen or answered anything by it."""

import asyncio
from typing import Protocol

from alertbus.model.team import NudgeAddress
from alertbus.nudge_settings import NudgeSettings
from alertbus.plugin.notify_account import NotifyAccount, NotifyFault


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
    """One account, one call at a time."""

    def __init__(self, settings: NudgeSettings) -> None:
        self._settings, self._turn = settings, asyncio.Lock()
        self._account = NotifyAccount(settings.api_key.get_secret_value(), settings.url)

    def takes(self, address: NudgeAddress) -> bool:
        """Whether there is a template for such an address."""
        return (self._settings.email_template if address.email else self._settings.sms_template) is not None

    async def send(self, address: NudgeAddress, link: str) -> None:
        """Send it. Raises `NudgeFailed`."""
        async with self._turn:
            status = await asyncio.to_thread(self._send, address, link)
        if status is not None:
            raise NudgeFailed(status)

    def _send(self, address: NudgeAddress, link: str) -> int | None:
        try:
            if address.email:
                self._account.email(address.email, self._settings.email_template or "", link)
            else:
                self._account.text(address.phone or "", self._settings.sms_template or "", link)
        except NotifyFault as fault:
            return fault.status
        return None
