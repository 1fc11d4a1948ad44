"""`alertbus plugin run` answers what its agency received with the plugin's own sample receipts, where they name a message."""

import pytest

from alertbus.plugin import ReceiptGiven, Stage, UnreadableMessage
from alertbus.plugin.kit.named_samples import NamedSample
from alertbus.rehearsal.trial_receipts import answering

KEY = "6f1f0e3b-58a7-5c1b-9d3e-0a6a4a1f2b3c"


class Lines:
    """Reads `key;state`, and of some messages nothing but the state."""

    def parse_receipt(self, raw: bytes) -> ReceiptGiven:
        key, sign, state = raw.decode().partition(";")
        if not sign:
            raise UnreadableMessage(("$", "key;state"))
        return ReceiptGiven("n-0" if state == "fixed" else key, Stage.ACCEPTED)


def test_a_sample_answers_the_notice_that_arrived_with_its_key() -> None:
    assert answering(Lines(), NamedSample(b"n-1;received", "a"), KEY) == (f"{KEY};received".encode(), "")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"no receipt", "the plugin cannot read it; `alertbus plugin parse PATH FILE --receipt` says why"),
        (b";received", "it names no message, so it counts only as the answer to the request that brought the message"),
        (b"n-0;fixed", "the notice's key cannot be put into it"),
    ],
)
def test_one_that_cannot_answer_it_is_not_sent_and_says_why(raw: bytes, why: str) -> None:
    assert answering(Lines(), NamedSample(raw, "a"), KEY) == (b"", why)
