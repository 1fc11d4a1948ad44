"""Three sources that keep every rule, in JSON, in lines of fields and in XML. A bad one is one of these with one fault."""

import hashlib
import json
from typing import Any
from xml.etree import ElementTree as ET

from alertbus.plugin import (
    Alert,
    Identifier,
    Ignored,
    Name,
    Narrative,
    Person,
    Stated,
    Subject,
    UnreadableMessage,
)

MOST = 500
CALL = (
    b'{"id": "C-1", "type": "threat", "at": "2020-11-18T14:05:00Z", "crn": "X123456", "given": "Zebedee", "family": "Wintergreen",'
    b' "words": "He said he would be back before the weekend", "tags": ["dog", "night"]}'
)
ENQUIRY = b'{"id": "C-2", "type": "enquiry", "given": "Zebedee"}'
LINES = b"MSG|1|2020-11-18T14:05:00Z\nTHR|L-1|X123456|Zebedee|Wintergreen\nTHR|L-2|X765432|Orsolya|Fennimore\n"
FORM = (
    b'<?xml version="1.0"?>\n<referral at="2020-11-18T14:05:00Z" id="R-1"><person crn="X123456"><given>Zebedee</given>'
    b"<family>Wintergreen</family></person><words>He said he would be back</words></referral>"
)


def threat(id_: str, at: str, crn: str, given: str, family: str, words: str | None = None) -> Alert:
    """Build the one kind of alert that these sources raise."""
    return Alert(
        id=id_,
        source="northfield.calls",
        kind="threat_to_staff",
        occurred_at=at,  # type: ignore[arg-type]
        recorded_at=at,  # type: ignore[arg-type]
        subjects=(Subject(person=Person(identifiers=(Identifier(system="crn", value=crn),), name=Name(given=given, family=family))),),  # type: ignore[arg-type]
        narrative=(Narrative(text=words),) if words else (),
    )


class Calls:
    """One call, in JSON. What a bad one does otherwise it does in one of these methods."""

    name = "calls"

    def parse(self, raw: bytes, headers: object) -> list[Stated] | Ignored:
        try:
            call = json.loads(raw)
            assert isinstance(call, dict)
            return self.read(call)
        except UnreadableMessage:
            raise
        except (ValueError, TypeError, KeyError, AssertionError, RecursionError):
            pass
        return self.unread(raw)

    def read(self, call: dict[str, Any]) -> list[Stated] | Ignored:
        if call["type"] == "enquiry":
            return self.ignored(call)
        if call["type"] != "threat":
            return self.unknown(call)
        return self.stated(call)

    def stated(self, call: dict[str, Any]) -> list[Stated]:
        return [threat(self.id(call), call["at"], call["crn"], call["given"], call["family"], call["words"])]

    def id(self, call: dict[str, Any]) -> str:
        return hashlib.sha256(str(call["id"]).encode("utf-8", "replace")).hexdigest()[:16]

    def ignored(self, call: dict[str, Any]) -> list[Stated] | Ignored:
        return Ignored("an enquiry raises nothing")

    def unknown(self, call: dict[str, Any]) -> list[Stated] | Ignored:
        raise UnreadableMessage(("type", "`threat` or `enquiry`"))

    def unread(self, raw: bytes) -> list[Stated] | Ignored:
        raise UnreadableMessage(("$", "a call: id, type, at, crn, given, family, words"))


class Lines:
    """A log of lines with fields between bars: each THR is a threat."""

    name = "lines"

    def parse(self, raw: bytes, headers: object) -> list[Stated] | Ignored:
        try:
            lines = [line for line in raw.decode("utf-8-sig").splitlines() if line.strip()]
        except UnicodeDecodeError:
            lines = []
        if not lines or not lines[0].startswith("MSG|") or lines[0].count("|") != 2:
            raise UnreadableMessage(("line 1", "MSG, a number and a moment, in UTF-8"))
        if len(lines) > MOST:
            raise UnreadableMessage(("$", f"no more than {MOST} lines"))
        found: list[Stated] = []
        for number, line in enumerate(lines[1:], 2):
            found += self.line(number, line, lines[0].split("|")[2])
        return found or Ignored("a log without a threat raises nothing")

    def line(self, number: int, line: str, at: str) -> list[Stated]:
        fields = line.split("|")
        try:
            if len(fields) == 5 and fields[0] == "THR":
                return [threat(fields[1], at, fields[2], fields[3], fields[4])]
        except ValueError:
            pass
        return self.unread(number, line)

    def unread(self, number: int, line: str) -> list[Stated]:
        raise UnreadableMessage((f"line {number}", "THR, an id, a CRN, a given and a family name"))


class Forms:
    """One referral, in XML."""

    name = "forms"

    def parse(self, raw: bytes, headers: object) -> list[Stated] | Ignored:
        try:
            assert b"<!" not in raw
            form = ET.fromstring(raw)
            return self.stated(form)
        except UnreadableMessage:
            raise
        except (ValueError, TypeError, AssertionError, LookupError, ET.ParseError):
            pass
        raise UnreadableMessage(("$", "a referral with `at`, `id`, one person with `crn`, and words"))

    def stated(self, form: ET.Element) -> list[Stated]:
        people = form.findall("person")
        assert form.tag == "referral"
        assert len(people) == 1
        given, family, words = people[0].findtext("given"), people[0].findtext("family"), form.findtext("words")
        assert given
        assert family
        return [threat(form.attrib["id"], form.attrib["at"], people[0].attrib["crn"], given, family, words)]
