"""The kit lengthens the words of a source's own sample, in whatever format they stand, and says so where it finds them nowhere."""

import base64
import csv
import io
import json
import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from alertbus.plugin import Alert, Ignored, Narrative, Subject, UnreadableMessage
from alertbus.plugin.kit.conformance import Broken, Unseen
from alertbus.plugin.kit.source_many import reads_all_of_many
from alertbus.plugin.kit.source_words import carries_words_whole
from alertbus.plugin.testing import SourceConformance, Tier, check, sample_alert
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

SAID = 'He said "I know\nwhere you & she live", and left'
Read = Callable[[bytes], str]


def event_in_an_envelope(raw: bytes) -> str:
    return str(json.loads(json.loads(raw)["Message"])["words"])


def attribute(raw: bytes) -> str:
    found = ET.fromstring(raw).find("note")
    assert found is not None
    return found.attrib["value"]


def element(raw: bytes) -> str:
    return ET.fromstring(raw).findtext("note") or ""


def segment(raw: bytes) -> str:
    (observed,) = (line.split("|") for line in raw.decode().split("\r") if line.startswith("OBX|"))
    assert len(observed) == 6
    return observed[5].replace("\\.br\\", "\n").replace("\\T\\", "&")


def row(raw: bytes) -> str:
    _, (_, words, _) = csv.reader(io.StringIO(raw.decode(), newline=""), delimiter=";")
    return words


def letter(raw: bytes) -> str:
    return " ".join(raw.decode().partition("\n\n")[2].split())


FORMATS: dict[str, tuple[Read, bytes]] = {
    "JSON in JSON": (event_in_an_envelope, json.dumps({"Message": json.dumps({"words": SAID})}).encode()),
    "an attribute of XML": (
        attribute,
        b"<all><id value='1'/><note value='He said &quot;I know&#10;where you &amp; she live&quot;, and left'/></all>",
    ),
    "an element of XML": (element, b"<all><note>He said &quot;I know\nwhere you &amp; she live&quot;, and left</note></all>"),
    "CDATA": (element, b'<all><note><![CDATA[He said "I know\nwhere you & she live", and left]]></note></all>'),
    "a segment": (segment, b'MSH|^~\\&|A|B\rOBX|1|TX|N||He said "I know\\.br\\where you \\T\\ she live", and left\r'),
    "a row": (row, b'id;words;by\r\n7;"He said ""I know\nwhere you & she live"", and left";M\r\n'),
    "a letter": (letter, b'To: duty\n\nHe said "I know\n  where you & she live", and left\n'),
}


class Reader:
    """Reads one text out of a format, and lets go of what is longer than `most`."""

    name = "reader"

    def __init__(self, read: Read, most: int | None = None) -> None:
        self._read, self._most = read, most

    def parse(self, raw: bytes, headers: object) -> list[Alert] | Ignored:
        try:
            return [sample_alert(narrative=(Narrative(text=self._read(raw)[: self._most]),))]
        except (ValueError, LookupError, AssertionError, ET.ParseError):
            pass
        raise UnreadableMessage(("$", "one text of up to 65,536 characters"))


@pytest.mark.parametrize(("read", "sample"), FORMATS.values(), ids=FORMATS)
def test_voi_01_words_are_lengthened_in_their_format_and_one_that_cuts_them_is_found(read: Read, sample: bytes) -> None:
    carries_words_whole(Reader(read), [sample])

    for most in (200, 2_000, 10_000, 65_536):
        with pytest.raises(Broken, match="they arrive cut"):
            carries_words_whole(Reader(read, most), [sample])


class Pieces:
    """Reads a line for each piece of narrative, and lets go of the end of the second."""

    name = "pieces"

    def parse(self, raw: bytes, headers: object) -> list[Alert] | Ignored:
        first, second, *_ = [*raw.decode("latin-1").splitlines(), "", ""]
        if not first or not second or len(first) > 65_536:
            raise UnreadableMessage(("$", "two lines of words"))
        return [sample_alert(narrative=(Narrative(text=first), Narrative(text=second[:2_000])))]


def test_voi_01_of_two_pieces_that_begin_alike_each_is_lengthened() -> None:
    with pytest.raises(Broken, match="they arrive cut"):
        carries_words_whole(Pieces(), [b"He said that he was sorry\nHe said that he would be back\n"])


def test_words_that_stand_nowhere_in_the_message_are_said_to_be_unseen_and_the_rule_holds() -> None:
    sample = base64.b64encode(SAID.encode())

    with pytest.raises(Unseen, match="nothing could be made longer"):
        carries_words_whole(Reader(lambda raw: base64.b64decode(raw, validate=True).decode(), 200), [sample])


class OwnWords(Calls):
    """Says what a call means in words of its own."""

    def stated(self, call: dict[str, object]) -> list[Alert]:  # type: ignore[override]
        (alert,) = super().stated(call)
        assert isinstance(alert, Alert)
        return [alert.model_copy(update={"narrative": (Narrative(text="Somebody threatened us"),)})]


def test_what_is_unseen_is_in_the_report_and_costs_no_tier() -> None:
    report = check(SourceConformance, source=OwnWords(), samples=(CALL, ENQUIRY))

    assert [each.id for each in report.results if each.unseen] == [
        "carries-long-words-whole-or-refuses-them",
        "reads-letters-in-the-encoding-they-are-in",
    ]
    assert (report.tier, report.failed) == (Tier.PLATINUM, ())


def household(people: int) -> bytes:
    return "\n".join(["Thistlebank 7", *(f"{number} Orsolya" for number in range(people))]).encode()


class Household:
    """A line for each who lives at a door, of which it reads the first `most`."""

    name = "household"

    def __init__(self, most: int) -> None:
        self._most = most

    def parse(self, raw: bytes, headers: object) -> list[Alert] | Ignored:
        lines = re.findall(r"^\d+ Orsolya$", raw.decode("latin-1"), re.MULTILINE)
        if len(lines) > 50 or not lines:
            raise UnreadableMessage(("$", "1 to 50 lines, each of somebody"))
        person = sample_alert().subjects[0].person
        return [sample_alert(subjects=tuple(Subject(person=person) for _ in lines[: self._most]), children=())]


@pytest.mark.parametrize("people", [1, 3, 4])
def test_one_that_reads_the_first_five_persons_is_found_however_few_its_sample_has(people: int) -> None:
    reads_all_of_many(Household(50), [household(people)])

    with pytest.raises(Broken, match="persons"):
        reads_all_of_many(Household(5), [household(people)])
