"""How an adapter writes JSON that people may read as well: the bytes of the standard library, several times as fast. And what XML can
hold. Public.
"""

import json
from typing import Any

import orjson

from alertbus.plugin.message_texts import not_held_by_xml

_BY_ITSELF = orjson.OPT_INDENT_2 | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_DEEPEST = 8
_HALVES = [(b"\n" + b"  " * depth, b"\0" + b" " * depth) for depth in range(_DEEPEST, 0, -1)]
_DEEPER = b"\n" + b"  " * (_DEEPEST + 1)


def as_page(content: dict[str, Any], indent: int = 2) -> bytes:
    """Write JSON in UTF-8 as `json.dumps(content, ensure_ascii=False, indent=indent)` does, for an indent of 1 or 2; but an exponent
    as `1e16`, and what is no number as `null`.

    Raises what that raises: `TypeError` for what is no JSON, `UnicodeEncodeError` for half a pair of surrogates.
    """
    try:
        page = orjson.dumps(content, option=_BY_ITSELF)
    except TypeError:
        page = None
    if page is None or (indent == 1 and _DEEPER in page):
        return json.dumps(content, ensure_ascii=False, indent=indent).encode()
    if indent == 1:
        # Neither a line break nor U+0000 stands inside a string: what follows a line break is an indent, the deepest taken first.
        for double, single in _HALVES:
            page = page.replace(double, single)
        page = page.replace(b"\0", b"\n")
    return page


def fits_xml(text: str) -> bool:
    """Whether XML can hold the text: most control characters, such as a vertical tab, it cannot, not even as a reference. A carriage return
    it holds as `&#13;` alone.
    """
    return not not_held_by_xml(text)
