"""The agencies' systems of `alertbus bench`: each message is noted once, when its last byte has come, under its own name and agency."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.bench.receiver import Receiver, receiving
from alertbus.bench.receivers import BY_HEADER, Receivers

PATTERN = re.compile(BY_HEADER.encode(), re.IGNORECASE)


class Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.answered = b""
        self.open = True

    def write(self, data: bytes) -> None:  # type: ignore[override]
        self.answered += data

    def close(self) -> None:
        self.open = False


def connection() -> tuple[Receiver, Wire, list[bytes]]:
    lines: list[bytes] = []
    receiver, wire = Receiver("gp", PATTERN, lines.append), Wire()
    receiver.connection_made(wire)
    return receiver, wire, lines


def message(name: str, body: bytes) -> bytes:
    return f"POST /gp HTTP/1.1\r\nHost: here\r\nWebhook-Id: {name}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def named(lines: list[bytes]) -> list[str]:
    return [line.split(b" ")[1].decode() for line in lines]


def cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    for size in sizes:
        yield data[:size]
        data = data[size:]
    yield data


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.lists(st.integers(1, 200), max_size=20))
def test_however_the_bytes_come_each_message_is_noted_and_answered_once(bodies: list[bytes], sizes: list[int]) -> None:
    receiver, wire, lines = connection()

    for piece in cut(b"".join(message(f"n{number}", body) for number, body in enumerate(bodies)), sizes):
        if piece:
            receiver.data_received(piece)

    assert named(lines) == [f"n{number}" for number in range(len(bodies))]
    assert wire.answered.count(b"HTTP/1.1 204") == len(bodies)
    assert wire.open


def test_a_message_has_not_come_before_its_last_byte() -> None:
    receiver, wire, lines = connection()
    whole = message("a", b"x" * 1000)

    receiver.data_received(whole[:-1])
    assert (lines, wire.answered) == ([], b"")

    receiver.data_received(whole[-1:])
    assert named(lines) == ["a"]


def test_what_has_no_length_is_refused_and_not_noted() -> None:
    receiver, wire, lines = connection()

    receiver.data_received(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")

    assert lines == []
    assert wire.answered.startswith(b"HTTP/1.1 411")
    assert not wire.open


async def test_the_book_has_when_each_agency_first_had_each_message(tmp_path: Path) -> None:
    receivers = Receivers.of(tmp_path, ("gp", "school"))
    async with receiving(receivers.book, PATTERN, receivers.ports):
        for agency, name in (("gp", "a"), ("school", "a"), ("gp", "a"), ("gp", "b")):
            reader, writer = await asyncio.open_connection("127.0.0.1", receivers.ports[agency])
            writer.write(message(name, b"{}"))
            assert b"204" in await reader.readuntil(b"\r\n\r\n")
            writer.close()

    lines = receivers.book.read_text().splitlines()
    assert receivers.count() == len(lines) == 4
    assert receivers.arrivals().keys() == {("gp", "a"), ("school", "a"), ("gp", "b")}
    assert receivers.arrivals()["gp", "a"] == float(lines[0].split()[2])
    assert receivers.count() == 4


@pytest.mark.parametrize("agencies", [(), ("gp", "school")])
def test_every_agency_has_an_address_and_a_secret_of_its_own(agencies: tuple[str, ...], tmp_path: Path) -> None:
    import json

    channels = json.loads(Receivers.of(tmp_path, agencies).channels())

    assert channels.keys() == set(agencies)
    assert (
        len({channel["url"] for channel in channels.values()}) == len({channel["secret"] for channel in channels.values()}) == len(agencies)
    )
