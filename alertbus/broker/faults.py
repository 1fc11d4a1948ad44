"""The faults between us and the broker.

A message names topic, partition, offset, port or file; never a record's contents.
"""


class BrokerFault(Exception):
    """The broker, its topics or its files are not as we need them. `remedy` says what to do next, in one sentence."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}. {remedy}")


class RecordsSkipped(BrokerFault):
    """A record did not follow its predecessor: what lies between was never seen, so nothing more may be committed."""

    def __init__(self, topic: str, partition: int, expected: int, found: int) -> None:
        self.topic = topic
        self.partition = partition
        self.expected = expected
        self.found = found
        super().__init__(
            f"topic '{topic}', partition {partition}: expected offset {expected}, found {found}: records were skipped",
            "Nothing was committed; let this process end and start again, it resumes at the committed offset.",
        )


class EnvelopeFault(ValueError):
    """Headers that are not a CloudEvent of ours, or an event that must not be written. Trying again will not help."""
