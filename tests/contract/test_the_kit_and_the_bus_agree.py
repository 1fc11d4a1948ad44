"""What the kit lets through the bus sends, and what changes somebody's words the bus refuses, whether or not anybody ran the kit."""

from importlib import import_module

import pytest

from alertbus.model.alert import SaidBy
from alertbus.model.errors import PluginFault
from alertbus.model.notice import Excerpt
from alertbus.plugin.kit.corpus import exhibits
from alertbus.plugin.kit.invented import full_notice
from alertbus.plugin.kit.spoken import CONTROLS, TEXTS
from alertbus.plugin.manager import Plugins, offer
from tests.contract.bad_plugins.good_markup import HtmlPages, XhtmlPages, XmlPages

SHIPPED = Plugins.load()
NINE = "She came in at nine and said that nobody had been home since the day before yesterday, and cried. "


@pytest.mark.parametrize("sector", sorted(SHIPPED.adapters))
def test_the_bus_sends_every_notice_of_the_kit_as_a_shipped_adapter_renders_it(sector: str) -> None:
    adapter = SHIPPED.adapters[sector]

    assert {SHIPPED.render(exhibit.notice, adapter).idempotency_key for exhibit in exhibits()} == {exhibits()[0].notice.id}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("negates", ["Daddy hurt me"]),
        ("takes_a_not_away", ["He did not hit me"]),
        ("stars_swear_words", ["You bastard, get the fuck off me, she screamed"]),
        ("first_excerpt_only", ["Daddy hurt me and then he laughed", "Mummy was asleep"]),
        ("all_words_cut_at_4000", [NINE.strip(), *(f"On day {day} he shouted at the neighbours until they left" for day in range(90))]),
        ("cut_at_60", [NINE.strip()]),
        ("cut_at_4000", [NINE * 50]),
        ("child_words_cut", [NINE.strip()]),
        ("preview", [NINE.strip()]),
        ("shouts", [NINE.strip()]),
        ("escapes_twice_in_json", ["I & him"]),
        ("escapes_twice_in_xml", ["I & him"]),
        ("escapes_twice_in_xhtml", ["I & him"]),
        ("escapes_for_text", ["I & him"]),
        ("cdata_round_escaped", ["I & him"]),
        ("no_break_space_made_a_space", ["He shut me in from 9\u00a0pm until morning"]),
        ("drops_what_nobody_sees", ["He wrote \U0001f468\u200d\U0001f469 on the wall of my room"]),
        ("leaves_out_one_of_two_for_xml", [NINE.strip(), "He threw it at\x0bher"]),
    ],
)
def test_voi_01_the_bus_refuses_what_changes_the_words_of_a_child(bad: str, said: list[str]) -> None:
    adapter = import_module(f"tests.contract.bad_plugins.adapter_{bad}").adapter
    plugins = Plugins({"northfield": offer(adapters=[adapter])})
    notice = full_notice(narrative=tuple(Excerpt.of(text, SaidBy.CHILD, observed_first_hand=True) for text in said))

    with pytest.raises(PluginFault, match=r"narrative\["):
        plugins.render(notice, adapter)


@pytest.mark.parametrize("bad", ["charset_of_xml", "encoding_declared_in_xml", "charset_of_text", "charset_of_json"])
def test_the_bus_refuses_a_body_that_its_receiver_reads_in_another_encoding(bad: str) -> None:
    adapter = import_module(f"tests.contract.bad_plugins.adapter_{bad}").adapter
    plugins = Plugins({"northfield": offer(adapters=[adapter])})

    with pytest.raises(PluginFault, match=r"reads other letters|reads otherwise"):
        plugins.render(full_notice(title="Caf\u00e9 words of ours"), adapter)
    plain = full_notice(narrative=(Excerpt.of("No, she said.", SaidBy.CHILD),))
    assert plugins.render(plain, adapter).filename  # where all encodings are one, nothing is wrong


def test_the_bus_names_the_character_that_xml_cannot_hold_and_nothing_of_the_words() -> None:
    adapter = import_module("tests.contract.bad_plugins.adapter_control_characters_in_xml").adapter
    notice = full_notice(narrative=(Excerpt.of("He threw\x0bit", SaidBy.CHILD),))

    with pytest.raises(PluginFault) as fault:
        Plugins({"northfield": offer(adapters=[adapter])}).render(notice, adapter)

    assert "the body holds the character U+000B, which XML cannot hold" in str(fault.value)
    assert "threw" not in str(fault.value)
    assert "encoding" not in str(fault.value)


@pytest.mark.parametrize("good", [XmlPages(), XhtmlPages(), HtmlPages()], ids=lambda good: type(good).__name__)
def test_the_bus_sends_what_is_escaped_as_often_as_its_reader_undoes_it(good: XmlPages) -> None:
    plugins = Plugins({"northfield": offer(adapters=[good])})

    for text in (*TEXTS.values(), *CONTROLS.values()):
        notice = full_notice(narrative=(Excerpt.of(text, SaidBy.CHILD), Excerpt.of("No, she said.", SaidBy.PROFESSIONAL)))
        assert plugins.render(notice, good).idempotency_key == notice.id
