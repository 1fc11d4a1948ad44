"""What a receipt says, whatever its format writes otherwise; and the same receipt with another name or key in it."""

import pytest

from alertbus.plugin.kit.receipt_damage import contradictions, encodings_declared
from alertbus.plugin.kit.receipt_texts import holds, rekeyed, renamed, stand_in

NAME = "René O'Dea"
WITH_THE_NAME = {
    "JSON": b'{"by": "Ren\\u00e9 O\'Dea"}',
    "JSON within JSON": b'{"body": "{\\"by\\": \\"Ren\\\\u00e9 O\'Dea\\"}"}',
    "two fields": '{"family": "O\'DEA", "given": ["René"]}'.encode(),
    "XML": b"<a><by>Ren&#233; O&apos;Dea</by></a>",
    "XML in latin-1": '<?xml version="1.0" encoding="iso-8859-1"?><a by="René O&apos;Dea"/>'.encode("latin-1"),
    "CDATA": "<a><by><![CDATA[René O'Dea]]></by></a>".encode(),
    "a form": b"key=1&by=Ren%C3%A9+O%27Dea",
    "lines": "KEY|1\nBY|O'Dea^René\n".encode(),
    "lines of Windows": "BY;René O'Dea\r\n".encode("cp1252"),
    "a decomposed accent": "BY: Rene\u0301 O'Dea".encode(),
}


@pytest.mark.parametrize("form", WITH_THE_NAME)
def test_a_name_is_found_whatever_its_format_makes_of_it(form: str) -> None:
    assert stand_in(NAME, WITH_THE_NAME[form])
    assert not stand_in("R. Postholder", WITH_THE_NAME[form])
    assert not stand_in("René Postholder", WITH_THE_NAME[form])


@pytest.mark.parametrize("form", ["JSON", "JSON within JSON", "two fields", "XML", "lines"])
def test_with_another_name_in_it_the_first_is_gone_and_the_rest_is_as_it_was(form: str) -> None:
    changed = renamed(NAME, WITH_THE_NAME[form])
    assert not stand_in(NAME, changed)
    assert stand_in("Quillfeather", changed)


@pytest.mark.parametrize(
    "raw", [b'{"m": "N-1", "n": "x"}', b"<a><m>n-1</m></a>", b'<a m="urn:uuid:N-1"/>', b"N-1;seen", b'{"m": "\\u006e-1"}']
)
def test_a_key_is_found_and_replaced_whatever_its_case(raw: bytes) -> None:
    assert holds("n-1", raw)
    assert not holds("n-2", raw)
    assert holds("k-9", rekeyed("n-1", raw, "k-9"))
    assert not holds("n-1", rekeyed("n-1", raw, "k-9"))


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (b'{"k": "1", "s": "got"}', b'{"k": "1", "s": "no"}', b'{"k": "1", "s": "got", "s": "no"}'),
        (b"<a><s>got</s></a>", b"<a><s>no</s></a>", b"<a><s>got</s><s>no</s></a>"),
        (b'<a><s code="got"/></a>', b'<a><s code="no"/></a>', b'<a><s code="got"/><s code="no"/></a>'),
        (b"K: 1\nS: got\n", b"K: 1\nS: no\n", b"K: 1\nS: got\nS: no\n"),
    ],
)
def test_a_field_stands_twice_with_what_another_sample_has_there_in_both_orders(one: bytes, other: bytes, both: bytes) -> None:
    (found,) = contradictions(one, [one, other], {})

    assert found.both[0] == both
    assert len(set(found.both)) == 2
    assert found.instead.replace(b"\r", b"") == other


def test_an_element_stands_twice_with_all_that_is_in_it() -> None:
    one, other = (f'<a><k>1</k><status at="x"><code>{said}</code></status></a>'.encode() for said in ("got", "no"))
    twice = [found.both[0] for found in contradictions(one, [one, other], {})]

    assert b'<status at="x"><code>got</code><code>no</code></status>' in twice[0]
    assert b'<status at="x"><code>got</code></status><status at="x"><code>no</code></status></a>' in twice[1]


def test_what_a_sample_has_several_times_may_stand_there_several_times() -> None:
    one, other = b"<a><s>got</s><s>read</s></a>", b"<a><s>no</s></a>"
    assert list(contradictions(one, [one, other], {})) == list(contradictions(other, [one, other], {})) == []


def test_another_encoding_is_declared_in_xml_alone_and_once() -> None:
    damaged = [raw for _, raw in encodings_declared(b'<?xml version="1.0" encoding="utf-8"?>\n<a/>')]

    assert len(damaged) > 9
    assert all(raw.count(b"<?xml") == 1 and raw.endswith(b"<a/>") for raw in damaged)
    assert list(encodings_declared(b"{}")) == list(encodings_declared(b"a;b")) == []
