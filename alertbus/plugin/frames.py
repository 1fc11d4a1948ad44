"""What goes between the bus and a plugin in a process of its own: frames of bytes, each with its length before it, over two pipes.

A frame is a line of JSON and, after it, bytes as they are. No object is made of what comes from the plugin but by the models themselves.
"""

import json
import os
import select
import struct
import time
from typing import Any

_LENGTH = struct.Struct(">I")
_PIECE = 1 << 16
_AT_ONCE = select.PIPE_BUF
"""A pipe that can be written to takes so much without waiting."""


class FrameTooLong(Exception):
    """More was announced than is taken."""


class NobodyThere(Exception):
    """The other side has gone."""


def send(writing: int, head: dict[str, Any], body: bytes = b"", deadline: float | None = None) -> None:
    """Write one frame. Raises `NobodyThere`, and `TimeoutError` as `receive` does where nobody reads it."""
    line = json.dumps(head).encode() + b"\n"
    left = memoryview(_LENGTH.pack(len(line) + len(body)) + line + body)
    while left:
        if deadline is not None and not select.select([], [writing], [], max(0.0, deadline - time.monotonic()))[1]:
            raise TimeoutError
        left = left[_written(writing, left[:_AT_ONCE]) :]


def _written(writing: int, piece: memoryview) -> int:
    try:
        return os.write(writing, piece)
    except OSError:
        raise NobodyThere from None


def receive(reading: int, most: int, deadline: float | None = None) -> tuple[dict[str, Any], bytes]:
    """Read one frame of at most so many bytes. Raises `NobodyThere`, `FrameTooLong`, and `TimeoutError` when `time.monotonic` has passed
    the deadline.
    """
    (length,) = _LENGTH.unpack(_exactly(reading, _LENGTH.size, deadline))
    if length > most:
        raise FrameTooLong
    line, _, body = _exactly(reading, length, deadline).partition(b"\n")
    head = json.loads(line)
    if not isinstance(head, dict):
        raise NobodyThere
    return head, body


def _exactly(reading: int, count: int, deadline: float | None) -> bytes:
    found = bytearray()
    while len(found) < count:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([reading], [], [], left)[0]:
                raise TimeoutError
        piece = os.read(reading, min(_PIECE, count - len(found)))
        if not piece:
            raise NobodyThere
        found += piece
    return bytes(found)
