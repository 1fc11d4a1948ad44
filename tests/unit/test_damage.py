"""How the kit spoils a source's samples: every value of every format, one at a time, and nothing else."""

import json

import pytest

from alertbus.plugin.kit import damage

JSON = b'{"id": 7, "people": [{"name": "Zebedee"}], "inner": "{\\"crn\\": \\"X123456\\"}"}'
XML = b'<?xml version="1.0"?><call id="C-1"><who><given>Zebedee</given></who><empty/></call>'
LINES = b"MSG|1\r\nTHR|C-1|Zebedee\r\n"


def where(sample: bytes) -> list[str]:
    return [place.where for place in damage.places(sample)]


class TestPlaces:
    def test_of_json_are_its_fields_items_and_what_stands_in_json_kept_as_text(self) -> None:
        assert where(JSON) == ["id", "people", "people[0]", "people[0].name", "inner", "inner.crn"]

    def test_of_xml_are_its_elements_and_attributes(self) -> None:
        assert where(XML) == ["<call>", "<who>", "<given>", "<empty>", "<call> id"]

    def test_of_lines_are_the_lines_and_their_fields(self) -> None:
        assert where(LINES) == [
            "line 1",
            "line 1 field 1",
            "line 1 field 2",
            *(f"line 2{field}" for field in ("", " field 1", " field 2", " field 3")),
        ]

    def test_of_words_without_a_separator_are_the_words(self) -> None:
        assert where(b"THREAT C1 Zebedee") == ["line 1", "line 1 field 1", "line 1 field 2", "line 1 field 3"]

    @pytest.mark.parametrize(
        ("sample", "place", "put", "gone"),
        [
            (JSON, "people[0].name", '{"id": 7, "people": [{"name": "new"}], "inner": "{\\"crn\\": \\"X123456\\"}"}', None),
            (JSON, "id", None, '{"people": [{"name": "Zebedee"}], "inner": "{\\"crn\\": \\"X123456\\"}"}'),
            (JSON, "inner.crn", '{"id": 7, "people": [{"name": "Zebedee"}], "inner": "{\\"crn\\": \\"new\\"}"}', None),
            (XML, "<given>", '<?xml version="1.0"?><call id="C-1"><who><given>new</given></who><empty/></call>', None),
            (XML, "<who>", None, '<?xml version="1.0"?><call id="C-1"><empty/></call>'),
            (XML, "<call> id", '<?xml version="1.0"?><call id="new"><who><given>Zebedee</given></who><empty/></call>', None),
            (LINES, "line 2 field 3", "MSG|1\r\nTHR|C-1|new\r\n", None),
            (LINES, "line 2 field 2", None, "MSG|1\r\nTHR|Zebedee\r\n"),
        ],
    )
    def test_only_the_place_itself_is_changed(self, sample: bytes, place: str, put: str | None, gone: str | None) -> None:
        (found,) = [each for each in damage.places(sample) if each.where == place]

        if put is not None:
            assert found.put("new").decode() == put
        if gone is not None:
            assert found.gone.decode() == gone


class TestDamage:
    @pytest.mark.parametrize("sample", [JSON, XML, LINES], ids=["JSON", "XML", "lines"])
    def test_every_damaged_message_differs_from_the_sample_in_the_format_it_was_given(self, sample: bytes) -> None:
        spoiled = dict(damage.spoiled(sample))

        assert len(spoiled) == 2 * len(damage.places(sample))
        assert [place for place, raw in spoiled.items() if raw == sample] == []

    def test_bytes_are_lost_at_both_ends_and_within(self) -> None:
        lost = dict(damage.bytes_lost(LINES))

        assert lost["the first byte missing"] == LINES[1:]
        assert lost["the message twice"] == LINES + LINES
        assert lost["the message cut after 0 bytes"] == b""

    def test_a_line_is_made_unreadable_and_one_is_added_but_not_in_json_or_xml(self) -> None:
        assert [place for place, _ in damage.lines_spoiled(LINES)] == [
            "line 1 unreadable",
            "line 1 cut short",
            "line 2 unreadable",
            "line 2 cut short",
            "an unreadable line at its end",
        ]
        assert list(damage.lines_spoiled(JSON)) == list(damage.lines_spoiled(XML)) == []

    def test_an_item_of_a_list_is_made_unreadable(self) -> None:
        assert [json.loads(raw)["people"] for _, raw in damage.items_spoiled(JSON)] == [
            [{"not": "what belongs here"}],
            ["not what belongs here"],
        ]

    @pytest.mark.parametrize(("sample", "part"), [(JSON, b"Zebedee"), (XML, b"<given>"), (LINES, b"THR|")], ids=["JSON", "XML", "lines"])
    def test_a_part_is_repeated_some_thousand_times(self, sample: bytes, part: bytes) -> None:
        assert max(raw.count(part) for _, raw in damage.repeated(sample)) == damage.MANY

    def test_repeated_lines_have_numbers_of_their_own(self) -> None:
        (raw,) = [raw for place, raw in damage.repeated(LINES) if place == "line 2 repeated"]

        assert raw.splitlines()[1:4] == [b"THR|C-1|Zebedee", b"THR|C-2|Zebedee", b"THR|C-3|Zebedee"]
