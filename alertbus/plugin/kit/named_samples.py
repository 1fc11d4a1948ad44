"""A plugin's samples by name, so that whoever mends one knows which it is: its file's name, else its place in what a test class gives."""

from collections.abc import Sequence
from typing import Self


class NamedSample(bytes):
    """A sample with a name. A plugin is handed plain bytes (`bytes(sample)`): some readers take no class of one's own."""

    name: str

    def __new__(cls, raw: bytes, name: str = "a sample") -> Self:
        made = super().__new__(cls, raw)
        made.name = name
        return made


def named(samples: Sequence[bytes], kind: str = "sample") -> list[NamedSample]:
    """Give each sample with a name; `sample 0` is the first of those that have none of their own."""
    return [one if isinstance(one, NamedSample) else NamedSample(one, f"{kind} {number}") for number, one in enumerate(samples)]
