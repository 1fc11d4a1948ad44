"""What the gateway takes for a request: bytes with one meaning, of a bounded size, and with the body that was sent with them."""

import asyncio
import itertools
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.serving.patient_http import LARGEST_HEAD
from tests.http_wire import Wire, connected

START = b"POST /v1/alerts HTTP/1.1\r\nhost: localhost\r\n"
WHOLE = START + b"content-length: 5\r\n\r\nhello"
CHUNKED = START + b"transfer-encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nauthorization: late\r\n\r\n"
OFFERING = START + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\ncontent-length: 5\r\n\r\nhello"

Seen = tuple[bytes, frozenset[bytes]]
"""A request as the application had it: its body, and the names of its headers."""


def exchanged(pieces: Sequence[bytes]) -> tuple[list[bytes], bool, list[Seen]]:
    """Give the statuses that were answered, whether the connection was closed, and what the application saw, once all pieces have come."""
    seen: list[Seen] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message.get("body", b""), message.get("more_body", False)
        seen.append((body, frozenset(name for name, _ in scope["headers"])))
        await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    wire = Wire()

    async def talk() -> None:
        protocol = connected(application, wire)
        for piece in pieces:
            if not wire.closed:
                protocol.data_received(piece)
        for _ in range(20):  # the turns of the loop that a few requests need
            await asyncio.sleep(0)
        answered.append((wire.written, wire.closed))
        protocol.connection_lost(None)

    answered: list[tuple[bytes, bool]] = []
    asyncio.run(talk())
    [(written, closed)] = answered
    return re.findall(rb"HTTP/1\.1 (\d+) ", written), closed, seen


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"POST / HTTP/1.1\r\n\r\n", id="for no host"),
        pytest.param(START + b"host: other\r\n\r\n", id="for two hosts"),
        pytest.param(START + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", id="of two lengths"),
        pytest.param(START + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello", id="of two content-lengths"),
        pytest.param(START + b"content-length: +5\r\n\r\nhello", id="of no length that is a number"),
        pytest.param(START + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", id="in a coding that nobody reads"),
        pytest.param(START + b"transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", id="in two codings"),
        pytest.param(START + b"transfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", id="in a piece of no size"),
        pytest.param(START + b"x : a\r\n\r\n", id="with a space in a name"),
        pytest.param(START + b"x: a\r\n b\r\n\r\n", id="with a folded header"),
        pytest.param(START + b"x: a\0b\r\n\r\n", id="with U+0000"),
        pytest.param(START + b"x: a\rb\r\n\r\n", id="with half an end of line"),
        pytest.param("GET /é HTTP/1.1\r\nhost: localhost\r\n\r\n".encode(), id="for a path that is not escaped"),
        pytest.param(b"CONNECT localhost:80 HTTP/1.1\r\nhost: localhost\r\n\r\n", id="for a tunnel"),
        pytest.param(b"GET / HTTP/2.0\r\nhost: localhost\r\n\r\n", id="of another version"),
        pytest.param(b"GET /\r\n\r\n", id="of the first version"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
    ],
)
def test_a_request_that_somebody_else_may_have_read_otherwise_is_400_and_closes_its_connection(head: bytes) -> None:
    assert exchanged([head]) == ([b"400"], True, [])


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([START, *[b"x: " + b"a" * 30_000 + b"\r\n"] * 4], id="many headers"),
        pytest.param([START + b"x: ", *[b"a" * 30_000] * 4], id="a header"),
        pytest.param([b"GET /", *[b"a" * 30_000] * 4], id="a path"),
    ],
)
def test_a_head_that_does_not_end_is_400_once_it_is_too_large(pieces: list[bytes]) -> None:
    assert exchanged(pieces) == ([b"400"], True, [])


def test_trailers_that_do_not_end_close_the_connection() -> None:
    endless = [START + b"transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\n", *[b"x: " + b"a" * 30_000 + b"\r\n"] * 4]

    assert exchanged(endless)[1]


def test_a_body_may_be_larger_than_a_head_in_one_piece_or_in_many() -> None:
    body = b"a" * (2 * LARGEST_HEAD)
    head = START + b"content-length: %d\r\n\r\n" % len(body)
    small = b"1\r\na\r\n" * len(body)

    for pieces in ([head + body], [head, *(body[n : n + 1000] for n in range(0, len(body), 1000))]):
        assert exchanged(pieces)[2][0][0] == body
    pieces = [START + b"transfer-encoding: chunked\r\n\r\n", *(small[n : n + 999] for n in range(0, len(small), 999)), b"0\r\n\r\n"]
    assert exchanged(pieces)[2][0][0] == body


def test_an_offer_of_another_protocol_is_declined_and_the_body_read_all_the_same() -> None:
    assert exchanged([OFFERING + WHOLE]) == (
        [b"202", b"202"],
        False,
        [(b"hello", frozenset({b"host", b"content-length"})), (b"hello", frozenset({b"host", b"content-length"}))],
    )


def test_a_trailer_is_no_header() -> None:
    assert exchanged([CHUNKED])[2] == [(b"hello", frozenset({b"host", b"transfer-encoding"}))]


def test_what_is_no_request_behind_one_that_is_gets_no_answer_that_could_be_taken_for_the_first_ones() -> None:
    statuses, closed, _ = exchanged([WHOLE + b"BAD\r\n\r\n"])

    assert closed
    assert b"400" not in statuses


@given(st.lists(st.sampled_from([WHOLE, CHUNKED, OFFERING]), min_size=1, max_size=3), st.lists(st.integers(0, 600), max_size=6))
def test_however_the_bytes_are_cut_the_same_requests_come_in(requests: list[bytes], cuts: list[int]) -> None:
    sent = b"".join(requests)
    places = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    pieces = [sent[start:end] for start, end in itertools.pairwise(places)]

    statuses, closed, seen = exchanged(pieces)

    assert (statuses, closed) == ([b"202"] * len(requests), False)
    assert [body for body, _ in seen] == [b"hello"] * len(requests)
