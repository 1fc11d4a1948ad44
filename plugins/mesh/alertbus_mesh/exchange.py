"""Sending by MESH, and what comes back: answers, reports of what was never fetched, and what became of what was sent.

Our id of a message (`Mex-LocalID`) is the notice's id. Before a message is sent, MESH is asked whether it has one of that id: after a crash
between sending and noting it, the same notice is not sent twice. Headers hold that id, the workflow and the media type, and nothing else.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import PurePath
from queue import Empty, LifoQueue
from typing import Any, Final

import requests
from mesh_client import MeshError

from alertbus.plugin import Arrived, GivenUp, Hindrance, Letter, Message, NotTaken, SendOutcome, Taken, TryAgain
from alertbus_mesh.mailbox_client import UPLOADING, MailboxClient
from alertbus_mesh.mesh_settings import MeshSettings

LIMIT_S: Final = 50.0
"""Seconds for one request: less than one call may take, so that it ends by itself."""

_LOOKED_AT: Final = 100
"""Letters that are fetched in one look."""

_LONGEST: Final = 1024 * 1024
"""Bytes of an answer. A longer one is none of an alert's, and stays in the mailbox."""

_ANOTHER_DOOR = frozenset({"07", "12", "17", "EPL-150", "EPL-151"})
"""MESH's codes for a mailbox or a workflow that is not registered: who runs the mailboxes can mend it, and the message is all right."""
_FETCHED, _LOST = frozenset({"acknowledged"}), frozenset({"undeliverable", "error"})
_GONE = frozenset({403, 404, 410})
_DOOR = frozenset({401, 403, 404, 407})
_BUSY = frozenset({408, 425, 429, 503})
_SERVER_ERROR = 500


class Exchange:
    """One agency's way. Any number of threads may use it: each has a connection to itself while it does."""

    def __init__(self, settings: MeshSettings) -> None:
        self._settings = settings
        self._idle: LifoQueue[MailboxClient] = LifoQueue()

    def send(self, message: Message, agency: str) -> SendOutcome:  # noqa: ARG002  one agency, one mailbox
        """Send it unless it is there already. It is with the carrier then, and not yet with the agency."""
        suffix = PurePath(message.filename).suffix
        try:
            with self._client() as client:
                if all(status == UPLOADING for status in client.statuses_of(message.idempotency_key)):
                    client.send_message(
                        self._settings.recipient,
                        message.body,
                        workflow_id=self._settings.workflow_id,
                        local_id=message.idempotency_key,
                        filename=f"{message.idempotency_key}{suffix}",
                        content_type=message.media_type,
                    )
        except MeshError as refusal:
            return _refused(refusal)
        except requests.RequestException as trouble:
            return _trouble(trouble)
        return Taken(handed_over=True)

    def collect(self) -> Sequence[Letter | GivenUp]:
        """Fetch the answers, and the reports about what we sent. What came by another workflow is somebody else's, and is left alone."""
        found: list[Letter | GivenUp] = []
        with self._client() as client:
            for workflow in (self._settings.answers_by, self._settings.workflow_id):
                for message_id in client.iterate_message_ids(workflow_filter=workflow):
                    if len(found) >= _LOOKED_AT:
                        return found
                    one = _read(client, message_id, self._settings, answers=workflow == self._settings.answers_by)
                    if one is not None:
                        found.append(one)
        return found

    def confirm(self, key: str) -> None:
        """Take it out of our mailbox: the bus has it. One that is out already was confirmed by another process."""
        with self._client() as client:
            try:
                client.acknowledge_message(key)
            except requests.HTTPError as fault:
                if fault.response is None or fault.response.status_code not in _GONE:
                    raise

    def track(self, keys: Sequence[str]) -> Mapping[str, Arrived | GivenUp]:
        """Ask what became of what was sent. The best of several messages of one id counts."""
        known: dict[str, Arrived | GivenUp] = {}
        with self._client() as client:
            for key in keys:
                statuses = set(client.statuses_of(key)) - {UPLOADING}
                if statuses & _FETCHED:
                    known[key] = Arrived()
                elif statuses and statuses <= _LOST:
                    known[key] = GivenUp(key)
        return known

    def close(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    @contextlib.contextmanager
    def _client(self) -> Iterator[MailboxClient]:
        """A connection that has shaken hands. One on which something went wrong is not used again."""
        try:
            client = self._idle.get_nowait()
        except Empty:
            client = MailboxClient(self._settings, LIMIT_S)
            try:
                client.handshake()
            except BaseException:
                client.close()
                raise
        try:
            yield client
        except BaseException:
            client.close()
            raise
        self._idle.put(client)


def _read(client: MailboxClient, message_id: str, settings: MeshSettings, *, answers: bool) -> Letter | GivenUp | None:
    """Give what a message in our mailbox says; None for what is not for us."""
    message: Any = client.retrieve_message(message_id)
    try:
        if message.message_type == "REPORT":
            return GivenUp(message.local_id, message_id) if message.local_id else None
        if not answers:
            return None
        raw = message.read(_LONGEST + 1)
        return Letter(message_id, raw, settings.sector) if len(raw) <= _LONGEST else None
    finally:
        message.close()


def _refused(refusal: MeshError) -> SendOutcome:
    """What MESH says of a message that it will not take. Its words may name a mailbox, and go nowhere."""
    code = ""
    for part in refusal.args:
        if isinstance(part, Mapping):
            detail = part.get("detail")
            inside = detail[0] if isinstance(detail, list) and detail else detail
            for given in (part, inside):
                if isinstance(given, Mapping):
                    code = code or str(given.get("code") or given.get("errorCode") or "")
    return TryAgain(Hindrance.NOT_LET_IN) if code in _ANOTHER_DOOR else NotTaken()


def _trouble(trouble: requests.RequestException) -> SendOutcome:
    match trouble:
        case requests.Timeout() if not isinstance(trouble, requests.ConnectTimeout):
            return TryAgain(Hindrance.SLOW)
        case requests.HTTPError():
            return _by_status(trouble.response)
        case requests.exceptions.ChunkedEncodingError():
            return TryAgain(Hindrance.CUT)
        case requests.exceptions.InvalidHeader() | requests.exceptions.JSONDecodeError():
            return TryAgain(Hindrance.SERVER_ERROR)
        case _:
            return TryAgain(Hindrance.UNREACHABLE)


def _by_status(response: requests.Response | None) -> SendOutcome:
    status = 0 if response is None else response.status_code
    after = None if response is None else response.headers.get("retry-after", "")
    wish = timedelta(seconds=int(after)) if after and after.isdigit() and len(after) < 7 else None  # noqa: PLR2004  a week of seconds has six
    if status in _BUSY:
        return TryAgain(Hindrance.BUSY, wish)
    if status in _DOOR:
        return TryAgain(Hindrance.NOT_LET_IN)
    return TryAgain(Hindrance.SERVER_ERROR, wish) if status >= _SERVER_ERROR or not status else NotTaken()
