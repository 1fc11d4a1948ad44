"""Files in a folder that an agency's system picks up: a message appears whole, under its key, or not at all.

Beside `KEY.xml` lies `KEY.meta.json` with the media type and headers, written first, so that who sees the message finds
it. The folder must be there: one made by us could be the empty place where a share is not mounted.
"""

import asyncio
import json
import os
import re
import secrets
from pathlib import Path, PurePath

from alertbus.delivery.outcome import ACCEPTED, Outcome, Trouble
from alertbus.model.notice import Message

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}")


class FileChannel:
    """Accepted when the message is on the disk. Already there with the same bytes is accepted too."""

    name = "file"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: Message, agency: str) -> Outcome:  # noqa: ARG002  one channel, one agency
        return await asyncio.to_thread(_drop, self._folder, message)


def _drop(folder: Path, message: Message) -> Outcome:
    key = message.idempotency_key
    if not _KEY.fullmatch(key):
        return Outcome(Trouble.UNSENDABLE)
    extension = PurePath(message.filename).suffix
    target = folder / f"{key}{extension if _EXTENSION.fullmatch(extension) else '.bin'}"
    about = {"media_type": message.media_type, "headers": dict(message.headers), "filename": message.filename}
    try:
        if target.exists():
            return ACCEPTED if target.read_bytes() == message.body else Outcome(Trouble.DIFFERENT)
        _write(folder / f"{key}.meta.json", json.dumps(about, ensure_ascii=False, sort_keys=True).encode())
        _write(target, message.body)
    except OSError:
        return Outcome(Trouble.FOLDER)
    return ACCEPTED


def _write(target: Path, content: bytes) -> None:
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name, too, must survive a power cut
    finally:
        os.close(folder)
