"""The ground of both halves of the conformance kit: a broken rule, and a search for leaks."""

import traceback
import unittest
from collections.abc import Iterable


class Broken(AssertionError):
    """A rule that does not hold; the message says how it showed. `why`: why that matters, where the rule covers more than one thing."""

    def __init__(self, how: str, why: str = "") -> None:
        super().__init__(how)
        self.why = why


class Unseen(unittest.SkipTest):
    """A rule that found nothing in the samples to look at; it holds, and says so. To pytest it is a test that was skipped."""


def must(holds: object, how: str, why: str = "") -> None:
    if not holds:
        raise Broken(how, why)


def everything_said_by(error: BaseException) -> str:
    """Give everything that a log could hold of an error: its text, its repr, what it is chained to."""
    lines = traceback.format_exception(error)
    return "\n".join([str(error), repr(error), repr(getattr(error, "__dict__", "")), *lines])


def leaked(text: str, canaries: Iterable[str]) -> list[int]:
    """Give the positions of the canaries that stand in the text; positions, because the report must not repeat them either."""
    return [i for i, canary in enumerate(canaries) if canary.casefold() in text.casefold()]
