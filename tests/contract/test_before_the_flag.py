"""What may stand before the flag and what may not (VPF-06), as the page of the rule lists it."""

from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import pytest

from alertbus.plugin import Message, Notice
from alertbus.plugin.kit import conformance_adapters
from alertbus.plugin.kit.conformance import Broken
from alertbus.plugin.kit.invented import full_notice
from alertbus.plugin.manager import Plugins, offer
from tests.contract.bad_plugins.good_markup import XmlPages
from tests.few_kinds import few_kinds


@pytest.fixture(autouse=True, scope="module")
def in_haste() -> Iterator[None]:
    with few_kinds():
        yield


class Enveloped(XmlPages):
    """XML with something of the notice before its flag."""

    def __init__(self, before: Callable[[Notice], object], flag: str = "<flag>{}</flag>") -> None:
        self.before, self.flag = before, flag

    def message(self, notice: Notice, page: dict[str, Any]) -> Message:
        first = f"<head>{escape(str(self.before(notice)))}</head>{self.flag.format(escape(notice.flag or ''))}"
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<notice>\n  {first}<page>{self.elements(page)}</page></notice>'
        return Message(media_type="application/xml", body=body.encode(), filename=f"{notice.id}.xml")


@pytest.mark.parametrize(
    "before",
    [
        lambda n: n.id,
        lambda n: f"{n.obligation.kind} {n.deed} {n.obligation.severity}",
        lambda n: f"{n.recorded_at.isoformat()} {n.obligation.due}",
        lambda n: f"from {n.obligation.source} to {n.obligation.agency}, {n.obligation.role}",
        lambda n: "EXERCISE" if n.obligation.exercise else "",
        lambda _: "Notice of the safeguarding partners",
    ],
    ids=["id", "codes", "times", "from and to", "exercise", "heading"],
)
def test_vpf_06_an_envelope_may_stand_before_the_flag(before: Callable[[Notice], object]) -> None:
    adapter = Enveloped(before)

    conformance_adapters.flag_comes_first(adapter)
    assert Plugins({"northfield": offer(adapters=[adapter])}).render(full_notice(), adapter)


def test_vpf_06_the_flag_may_be_an_attribute() -> None:
    conformance_adapters.flag_comes_first(Enveloped(lambda n: n.id, '<warning text="{}"/>'))


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (lambda n: n.title, "the title stands before the flag"),
        (lambda n: n.summary, "the summary stands before the flag"),
        (lambda n: n.action, "the action stands before the flag"),
        (lambda n: [said.text for said in n.narrative][-1:], "the narrative stands before the flag"),
        (lambda n: [p.name.given for p in n.children if p.name], "the name of somebody stands before the flag"),
        (lambda n: [p.name.family for p in n.people if p.name], "the name of somebody stands before the flag"),
        (lambda n: [p.label for p in n.people], "the name of somebody stands before the flag"),
    ],
    ids=["title", "summary", "action", "narrative", "given name", "family name", "label"],
)
def test_vpf_06_what_the_notice_says_in_words_may_not(before: Callable[[Notice], object], said: str) -> None:
    with pytest.raises(Broken, match=said):
        conformance_adapters.flag_comes_first(Enveloped(before))
