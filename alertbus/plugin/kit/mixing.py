"""Notices in which things are absent, present and strange together, as hypothesis makes them."""

from datetime import date
from types import ModuleType
from typing import Any

from alertbus.model.alert import SaidBy
from alertbus.model.notice import Deed, Excerpt, Notice, NoticePerson
from alertbus.model.person import Address, Name
from alertbus.plugin.kit import invented
from alertbus.plugin.kit.samples import minimal_notice

STRANGE = (
    "Ravelstone",
    " ",
    "0",
    "None",
    "a" * 200,
    "<b>&amp;</b>",
    '{"a": 1}',
    "=1+1",
    "..",
    "\u202eover",
    "e\u0301",
    "\u0130",
    "\U0001f6aa",
    "two\nlines",
    "tab\there",
    "%s {0}",
)
"""What a field of free text may hold and its reader may not expect."""


def mixed_notices(st: ModuleType) -> Any:
    """Give the strategy; hypothesis is passed in, because it is an extra."""
    text = st.sampled_from(STRANGE)
    person = _person(st, text)
    excerpt = st.builds(Excerpt.of, text, st.sampled_from([*SaidBy, None]), observed_first_hand=st.sampled_from([True, False, None]))
    section = st.sampled_from(sorted(invented.DETAILS)).flatmap(lambda name: st.just((name, invented.DETAILS[name])))
    fields = st.fixed_dictionaries(
        {"kind": st.sampled_from(invented.kinds()), "deed": st.sampled_from(list(Deed))},
        optional={
            "flag": st.just(invented.FLAG_LINE),
            "title": text,
            "summary": text,
            "action": text,
            "contact": text,
            "recipient": text,
            "narrative": st.lists(excerpt, max_size=4).map(tuple),
            "children": st.lists(person, max_size=3, unique_by=lambda each: each.ref).map(tuple),
            "people": st.lists(person, max_size=3, unique_by=lambda each: each.ref).map(tuple),
            "details": st.lists(section, max_size=3).map(dict),
            "exercise": st.just("winter-rehearsal"),
            "do_not_reveal_source": st.booleans(),
            "withheld": st.lists(st.sampled_from(["child_health", "offence", "plan"]), unique=True, max_size=3).map(tuple),
        },
    )
    return fields.map(_notice)


def _person(st: ModuleType, text: Any) -> Any:
    name = st.builds(Name, given=st.none() | text, family=st.none() | text)
    address = st.builds(Address, lines=st.lists(text, max_size=2).map(tuple), postcode=st.sampled_from([None, "ZZ98 8YY"]))
    return st.builds(
        NoticePerson,
        ref=st.sampled_from(["child-1", "child-2", "adult-1", "adult-2"]),
        child=st.booleans(),
        role=st.sampled_from([None, "subject", "victim"]),
        relation=st.sampled_from([None, "child", "father", "ex_partner"]),
        certainty=st.sampled_from([None, "putative", "reported", "confirmed"]),
        label=st.none() | text,
        name=st.none() | name,
        born=st.none() | st.sampled_from([date(1930, 1, 1), date(2020, 11, 1), date(2000, 2, 29)]),
        died=st.sampled_from([None, date(2020, 6, 28)]),
        identifiers=st.sampled_from([(), invented.CHILD.identifiers, invented.FATHER.identifiers]),
        addresses=st.lists(address, max_size=2).map(tuple),
    )


def _notice(fields: dict[str, Any]) -> Notice:
    return minimal_notice(**fields)
