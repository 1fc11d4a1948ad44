"""An account at GOV.UK Notify: sends a template with one link, and asks what became of it. Public, as `alertbus.plugin` is.

Its client writes what the service answers into its own log, and an answer may repeat an address: that log is closed. Nothing that was
answered leaves this module but a status.
"""

import contextlib
import logging
from collections.abc import Iterator, Sequence
from queue import Empty, LifoQueue
from typing import Any

LIMIT_S = 10.0
"""Seconds that GOV.UK Notify may take for one call (ours): it answers within one."""


class NotifyFault(Exception):
    """It was not taken, or not answered. `status` is the answer's, 503 where there was none; never what stood in it."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"not taken, status {status}")


class NotifyAccount:
    """One account. Any number of threads may use it: its client is for one at a time, so each has one to itself while it calls."""

    def __init__(self, api_key: str, url: str) -> None:
        log = logging.getLogger("notifications_python_client")
        log.disabled, log.propagate = True, False
        for name in ("base", "notifications"):
            logging.getLogger(f"notifications_python_client.{name}").disabled = True
        self._key, self._url = api_key, url
        self._idle: LifoQueue[Any] = LifoQueue()

    def email(self, address: str, template: str, link: str, reference: str | None = None) -> None:
        """Send an e-mail. Raises `NotifyFault`, as the others do."""
        self._call("send_email_notification", address, template, personalisation={"link": link}, reference=reference)

    def text(self, number: str, template: str, link: str, reference: str | None = None) -> None:
        """Send a text message."""
        self._call("send_sms_notification", number, template, personalisation={"link": link}, reference=reference)

    def letter(self, lines: Sequence[str], template: str, link: str, reference: str | None = None) -> None:
        """Send a letter to the address of these lines: from three to seven, the last a postcode."""
        address = {f"address_line_{number}": line for number, line in enumerate(lines, 1)}
        self._call("send_letter_notification", template, {**address, "link": link}, reference=reference)

    def statuses_of(self, reference: str) -> list[str]:
        """Give Notify's word for where each message under this reference is: `sending`, `delivered`, `permanent-failure`..."""
        found = self._call("get_all_notifications", reference=reference)
        listed = found.get("notifications") if isinstance(found, dict) else None
        if not isinstance(listed, list):
            raise NotifyFault(_NO_ANSWER)
        return [str(one.get("status")) for one in listed if isinstance(one, dict) and one.get("reference") == reference]

    def _call(self, what: str, *said: object, **named: object) -> Any:
        from notifications_python_client.errors import APIError

        status = _NO_ANSWER
        with self._client() as client:
            try:
                return getattr(client, what)(*said, **{name: value for name, value in named.items() if value is not None})
            except APIError as error:
                status = error.status_code
        raise NotifyFault(status)  # out here, so that what was answered is not chained to it

    @contextlib.contextmanager
    def _client(self) -> Iterator[Any]:
        try:
            client = self._idle.get_nowait()
        except Empty:
            from notifications_python_client.notifications import NotificationsAPIClient  # a third of a second, for who sends alone

            client = NotificationsAPIClient(self._key, base_url=self._url, timeout=LIMIT_S)  # type: ignore[no-untyped-call]
        yield client
        self._idle.put(client)

    def close(self) -> None:
        """Close every connection that is open."""
        with contextlib.suppress(Empty):
            while True:
                self._idle.get_nowait().request_session.close()


_NO_ANSWER = 503
