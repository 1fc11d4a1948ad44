"""The files that a command is given: read, or refused in a sentence that says what to do."""

import json
import sys
from pathlib import Path
from typing import Any

from alertbus.model.errors import Fault, InvalidInput


def bytes_of(file: str | Path) -> bytes:
    """Read the file; `-` is standard input. Raises `InvalidInput` for one that cannot be read."""
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise InvalidInput([Fault(str(file), f"a file that can be read ({error.strerror}); correct its path or its permissions")]) from None


def text_of(file: str | Path) -> str:
    """The same as text. Raises `InvalidInput` for one that is not UTF-8, too."""
    try:
        return bytes_of(file).decode()
    except UnicodeDecodeError as error:
        expected = f"text in UTF-8; it ceases to be that at byte {error.start}. Save it again as UTF-8 (without a BOM), and try again"
    raise InvalidInput([Fault(str(file), expected, "not_utf8")])


def entries_of(file: Path) -> list[Any]:
    """Read JSON: one thing, a list of them, or JSON Lines. Raises `InvalidInput` for what is none of it."""
    text = text_of(file)
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        try:
            whole = [json.loads(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError):
            raise InvalidInput([Fault(file.name, "JSON, or JSON Lines")]) from None
    return whole if isinstance(whole, list) else [whole]
