"""The conformance kit with fewer kinds, for tests of the kit itself: a bad adapter is found by one of them as by all."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from alertbus.plugin.kit import corpus, invented

FEW = frozenset({"threat_to_staff", "ppn", "birth", "death", "school_concern", "prisoner_release", "domestic_abuse_incident"})
"""Those that some bad adapter treats otherwise than the rest, and those that a rule asks for."""


@contextmanager
def few_kinds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(invented, "KINDS", FEW)
        corpus.exhibits.cache_clear()
        yield
    corpus.exhibits.cache_clear()
