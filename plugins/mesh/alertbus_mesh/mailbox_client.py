"""NHS England's client of MESH, with the one question that it lacks: whether a message of ours is there already, by our own id of it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from mesh_client import MeshClient

from alertbus_mesh.mesh_settings import MeshSettings

_NOT_FOUND, _SEVERAL = 404, 300

UPLOADING = "uploading"
"""The status of a message of which pieces are missing: nobody is given it."""


class MailboxClient(MeshClient):
    """Our mailbox. It tries nothing again by itself: the bus does, and knows how long."""

    def __init__(self, settings: MeshSettings, limit_s: float) -> None:
        cert = (str(settings.cert_file), str(settings.key_file)) if settings.cert_file and settings.key_file else None
        super().__init__(
            settings.url,
            settings.mailbox,
            settings.password.get_secret_value(),
            shared_key=settings.shared_key.get_secret_value().encode(),
            cert=cert,
            verify=None if settings.ca_file is None else str(settings.ca_file),
            max_chunk_size=settings.chunk_kb * 1024,
            max_retries=0,
            timeout=limit_s,
            application_name="alertbus",
        )
        self._session.trust_env = False  # a proxy of the environment would be a stranger

    def statuses_of(self, local_id: str) -> list[str]:
        """Give the status, in lower case, of each message that we sent under this id of ours; empty where there is none."""
        answer = self._session.get(f"{self.mailbox_url}/outbox/tracking/{quote(local_id, safe='')}", timeout=self._timeout)
        if answer.status_code == _NOT_FOUND:
            return []
        if answer.status_code == _SEVERAL:
            return [_status(one) for one in self._outbox() if one.get("local_id") == local_id]
        answer.raise_for_status()
        return [_status(answer.json())]

    def _outbox(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        url: str | None = f"{self.mailbox_url}/outbox/rich"
        while url is not None:
            answer = self._session.get(url, timeout=self._timeout)
            answer.raise_for_status()
            page = answer.json()
            found += page.get("messages", [])
            more = page.get("links", {}).get("next")
            url = f"{self._url}{more}" if more else None
        return found


def _status(message: Mapping[str, Any]) -> str:
    return str(message.get("status") or "").lower()
