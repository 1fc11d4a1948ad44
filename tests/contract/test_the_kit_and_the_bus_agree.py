"""What the kit lets through the bus sends, and what changes somebody's words the bus refuses, whether or not anybody ran the kit."""

from importlib import import_module

import pytest

from alertbus.model.alert import SaidBy
from alertbus.model.errors import PluginFault
from alertbus.model.notice import Excerpt
from alertbus.plugin.kit.corpus import exhibits
from alertbus.plugin.kit.invented import full_notice
from alertbus.plugin.manager import Plugins, offer

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
    ],
)
def test_voi_01_the_bus_refuses_what_changes_the_words_of_a_child(bad: str, said: list[str]) -> None:
    adapter = import_module(f"tests.contract.bad_plugins.adapter_{bad}").adapter
    plugins = Plugins({"northfield": offer(adapters=[adapter])})
    notice = full_notice(narrative=tuple(Excerpt.of(text, SaidBy.CHILD, observed_first_hand=True) for text in said))

    with pytest.raises(PluginFault, match=r"narrative\["):
        plugins.render(notice, adapter)
