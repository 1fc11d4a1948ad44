"""A Bundle's shape: what is left when its own numbers and the words of its lines are taken out. Of many Bundles of one shape one is validated."""

import re
from functools import cache

from tests.sectors.hl7.validator import Issue, validator

_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LINE = re.compile(rb'(?:\{"contentString":"(?:[^"\\]|\\.)*"\},?)+')


def errors_of_its_shape(body: bytes) -> tuple[Issue, ...]:
    """What HL7's validator holds against a Bundle of this shape; asked once for each, because half a second is much for 500 Bundles.

    A UUID stays one and stands for the same thing, a line stays a text: neither can make a Bundle of the same shape valid or not.
    """
    known: dict[bytes, bytes] = {}
    numbered = _UUID.sub(lambda found: known.setdefault(found[0], b"00000000-0000-4000-8000-%012d" % len(known)), body)
    return _errors(_LINE.sub(lambda lines: b'{"contentString":"A line."}' + lines[0][-1:].replace(b"}", b""), numbered))


@cache
def _errors(shape: bytes) -> tuple[Issue, ...]:
    return tuple(validator().errors(shape))
