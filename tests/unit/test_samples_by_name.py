"""Whoever mends a sample is told which it is, and what is wrong with it: a file has its name, and a refusal its fault."""

import pytest

from alertbus.plugin import Ignored, UnreadableMessage
from alertbus.plugin.kit.conformance import Broken
from alertbus.plugin.kit.conformance_sources import outcomes_are_defined, raises_some_alert
from alertbus.plugin.kit.named_samples import NamedSample, named
from alertbus.plugin.kit.source_leaks import refusals_are_bare
from tests.contract.bad_plugins.good_sources import CALL, Calls

HEADINGS = "number;about;seen;sent;child;born;words of the caller"


class Register:
    """Reads lines below headings, and names all the headings when they are not there."""

    name = "register"

    def __init__(self, between: str = ";") -> None:
        self.expected = HEADINGS.replace(";", between)

    def parse(self, raw: bytes, headers: object) -> Ignored:
        assert type(raw) is bytes  # orjson and others take no class that is made of it
        if raw.startswith(HEADINGS.encode()) and raw.endswith(b"leaflet\n"):
            return Ignored("an enquiry raises nothing")
        raise UnreadableMessage(("line 1", self.expected))


def test_a_sample_without_a_name_has_its_place_and_one_of_a_file_its_files_name() -> None:
    assert [one.name for one in named([b"a", NamedSample(b"b", "visits.txt")])] == ["sample 0", "visits.txt"]
    assert named([b"a"], "receipt")[0].name == "receipt 0"


def test_refused_samples_are_named_with_their_faults_where_none_raises_an_alert() -> None:
    samples = [NamedSample(b"x", "utf8.csv"), NamedSample(HEADINGS.encode() + b"\n1;leaflet\n", "enquiries.csv")]

    with pytest.raises(Broken) as broken:
        raises_some_alert(Register(), samples)

    assert str(broken.value) == f"no sample raises an alert; 1 of 2 refused: utf8.csv: line 1: {HEADINGS}"


def test_one_alert_is_enough_whatever_else_is_refused() -> None:
    raises_some_alert(Calls(), [b"x", CALL])


def test_a_crash_is_told_with_the_files_name() -> None:
    class Crashing(Register):
        def parse(self, raw: bytes, headers: object) -> Ignored:
            raise KeyError("words")

    with pytest.raises(Broken, match=r"^night\.csv: parse raised KeyError"):
        outcomes_are_defined(Crashing(), [NamedSample(b"x", "night.csv")])


def test_expected_headings_that_are_the_messages_own_are_told_as_its_first_line() -> None:
    samples = [NamedSample(HEADINGS.encode() + b"\n1;enquiry;;;;;leaflet\n", "night.csv")]

    with pytest.raises(Broken, match=r"^night\.csv .* 40 characters in a row of its line 1, where headings stand"):
        refusals_are_bare(Register(), samples)
    refusals_are_bare(Register(between=", "), samples)
