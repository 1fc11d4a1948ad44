"""What somebody said is found where it stands in nearly the same words, and a message's own words are not taken for it."""

import json

import pytest

from alertbus.model.alert import SaidBy
from alertbus.model.errors import PluginFault
from alertbus.model.notice import Excerpt, Message, Notice
from alertbus.plugin import fidelity
from alertbus.plugin.kit.samples import sample_notice
from alertbus.plugin.manager import Plugins, offer

NINE = "She came in at nine and said that nobody had been home since the day before yesterday, and cried."


def found(texts: list[str], *strings: str, **fields: object) -> tuple[int, ...]:
    notice = sample_notice(narrative=tuple(Excerpt.of(text, SaidBy.CHILD, observed_first_hand=True) for text in texts), **fields)
    page = ["Threat to staff", *strings, "Read before any visit."]
    return fidelity.altered(notice, Message(media_type="application/json", body=json.dumps(page).encode()))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Daddy hurt me", "Daddy did not hurt me"),
        ("Daddy hurt me", "Daddy didn't hurt me."),
        ("Daddy hurt me", "Daddy never hurts me"),
        ("Daddy hurt me", "Daddy **** me"),
        ("He did not hit me", "He hit me"),
        ("I don't feel safe here", "I feel safe here"),
        ("He hit me with the fucking belt", "He hit me with the f***ing belt"),
        ("He hit me with the fucking belt", "He hit me with the belt"),
        ("You fucking bitch, I'll kill you", "You ******* *****, I'll kill you"),
        ("You bastard, get the fuck off me, she screamed", "You b******, get the f*** off me, she screamed"),
        ("Mummy locked me in the cupboard", "Mummy said she locked him in the cupboard"),
        (NINE, "She came in at nine crying and said no-one had been at home since the day before yesterday"),
        (
            f"Nothing else was said. {NINE} He left.",
            "She came in at nine, said that somebody had been home since the day before, and cried",
        ),
    ],
)
def test_voi_01_a_retelling_is_found(said: str, told: str) -> None:
    assert found([said], told) == (0,)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Short.", "Shorter."),
        ("He was there", "He was not there when the police came"),
        ("The police came to the house", "The police were called to the house"),
        ("Is the child safe?", "Ask whether the child was seen and is safe"),
        ("I was scared of him", "The child was scared by a dog on the way to school"),
        (NINE, "Nobody was home when the health visitor came at nine"),
    ],
)
def test_the_words_of_a_template_are_no_retelling(said: str, told: str) -> None:
    assert found([said], told) == ()


def test_what_the_notice_says_elsewhere_too_is_shown_by_right() -> None:
    stated = {"incident": {"home_conditions": "The kitchen is filthy and there is no food in the fridge"}}

    assert (
        found(
            ["The kitchen was filthy and there was no food in the fridge"],
            "The kitchen is filthy and there is no food in the fridge",
            details=stated,
        )
        == ()
    )
    assert found(
        ["The kitchen was filthy and there was no food in the fridge"], "The kitchen is filthy and there is no food in the fridge"
    ) == (0,)


def test_voi_01_of_what_one_speaker_said_all_is_carried_or_nothing() -> None:
    texts = ["Daddy hurt me", "He said he would do it again", "Mummy was asleep"]

    assert found(texts, *texts) == ()
    assert found(texts) == ()
    assert found(texts, texts[0]) == (1, 2)
    assert found(texts, texts[0], texts[2]) == (1,)


def test_what_another_speaker_said_may_be_left_out() -> None:
    child, nurse = Excerpt.of("Daddy hurt me", SaidBy.CHILD), Excerpt.of("A bruise on the left arm", SaidBy.PROFESSIONAL)
    message = Message(media_type="application/json", body=json.dumps([nurse.text]).encode())

    assert fidelity.altered(sample_notice(narrative=(child, nurse)), message) == ()


def test_an_excerpt_that_the_notice_also_says_elsewhere_does_not_count_as_carried() -> None:
    said = ["He has threatened staff", "He did it twice last week"]

    assert found(said, "He has threatened staff", title="He has threatened staff") == ()


def _core_group(**fields: object) -> Notice:
    held = Excerpt.of("First core group held.", SaidBy.PROFESSIONAL, observed_first_hand=True)
    return sample_notice(
        kind="meeting", flag=None, narrative=(held,), details={"meeting": {"type": "core_group", "state": "held"}}, **fields
    )


@pytest.mark.parametrize("sector", sorted(Plugins.load().adapters))
def test_fields_that_say_what_somebody_also_said_in_words_are_no_retelling(sector: str) -> None:
    plugins = Plugins.load()
    adapter = plugins.adapters[sector]
    assert plugins.render(_core_group(sector=sector), adapter).body


class _Retells:
    name, sector, contract, formats = "retells", "retells", 1, ("text/plain",)

    def render(self, notice: Notice) -> Message:
        said = " ".join(notice.narrative[0].text.rstrip(".").split()[1:])
        text = f"Meeting: core group, held\nThe group said: {said}"
        return Message(media_type="text/plain", body=text.encode())


def test_a_retelling_is_refused_though_the_message_is_rendered_once_more_with_other_words() -> None:
    plugins = Plugins({"retells": offer(adapters=[_Retells()])})
    hurt = Excerpt.of("Today Daddy hurt my arm.", SaidBy.CHILD, observed_first_hand=True)
    with pytest.raises(PluginFault, match=r"narrative\[0\] is carried cut or changed"):
        plugins.render(_core_group().model_copy(update={"narrative": (hurt,)}), plugins.adapters["retells"])
