"""The notices that the kit shows to an adapter: every kind and deed, full and bare, each thing absent or there once, and mixed.

All are made once for a process, and are the same in every process. Each has words that say what it is; a finding quotes those.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from alertbus.model.alert import SaidBy, Severity
from alertbus.model.item import ItemStep, StepKind
from alertbus.model.notice import ConsentStanding, Deed, Excerpt, Notice, Repeats
from alertbus.model.person import Address, Name
from alertbus.plugin.kit.invented import CHILD, DETAILS, FATHER, FLAG_LINE, full_notice, kinds
from alertbus.plugin.kit.mixing import STRANGE, mixed_notices
from alertbus.plugin.kit.samples import addressed_notice, ended_notice, minimal_notice, sample_briefing

MIXED = 40
"""Notices that hypothesis makes: enough that each two things that may be absent are absent together in some."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A notice of the kit's own, and what it is in words."""

    what: str
    notice: Notice


@cache
def exhibits() -> tuple[Exhibit, ...]:
    """Give every notice, those that tell most first."""
    found = [*_kinds_and_deeds(), *_bare(), *_one_thing_absent(), *_one_thing_there(), *_strange(), *_unwritable(), *_mixed()]
    return tuple(Exhibit(what, notice) for what, notice in found)


def _kinds_and_deeds() -> Iterator[tuple[str, Notice]]:
    for kind in kinds():
        for deed in Deed:
            make = ended_notice if deed.ends else full_notice
            yield f"kind {kind}, deed {deed}", make(kind=kind, deed=deed)
    yield "a briefing", sample_briefing(flag=FLAG_LINE)
    yield "a briefing, deed amend", sample_briefing(deed=Deed.AMEND, flag=FLAG_LINE)
    yield "a notice that says who answers", addressed_notice()


def _bare() -> Iterator[tuple[str, Notice]]:
    for kind in kinds():
        yield f"a notice of kind {kind} with all that is optional absent", minimal_notice(kind=kind)
    for deed in Deed:
        yield f"a notice with all that is optional absent, deed {deed}", minimal_notice(deed=deed)
        yield f"a notice without `ended_at`, deed {deed}", full_notice(deed=deed, ended_at=None)


_DAY = datetime(2020, 11, 18, 9, 30, tzinfo=UTC)
_ABSENT: Mapping[str, Any] = {
    "recipient": None,
    "flag": None,
    "narrative": (),
    "summary": "",
    "action": "",
    "contact": None,
    "children": (),
    "people": (),
    "details": {},
    "case_status": None,
    "review_on": None,
    "withheld": (),
    "unsaid": (),
}
_OF_A_PERSON: Mapping[str, Any] = {
    "role": None,
    "relation": None,
    "certainty": None,
    "label": None,
    "name": None,
    "born": None,
    "identifiers": (),
    "addresses": (),
}
_NAMES = (Name(given="Wrenna"), Name(family="Quillfeather-Moss"), Name())
_ADDRESSES = (Address(uprn="100098765432"), Address(lines=("12 Ravelston Yard",)), Address(postcode="ZZ98 8YY"), Address())
_SAID = Excerpt.of("He shouted until it was dark", SaidBy.PUBLIC, observed_first_hand=True)
_STEPPED = {kind: {"deed": Deed.ESCALATE, "step": ItemStep(kind=kind, role="manager", at=_DAY)} for kind in StepKind}


def _one_thing_absent() -> Iterator[tuple[str, Notice]]:
    for name, value in _ABSENT.items():
        yield f"a notice without `{name}`", full_notice(**{name: value})
    for name, value in _OF_A_PERSON.items():
        yield f"a notice of children without `{name}`", full_notice(children=(CHILD.model_copy(update={name: value}),))
        yield f"a notice of adults without `{name}`", full_notice(people=(FATHER.model_copy(update={name: value}),))
    for half in _NAMES:
        yield "a notice of a child known by half a name", full_notice(children=(CHILD.model_copy(update={"name": half}),))
    for address in _ADDRESSES:
        yield "a notice with part of an address", full_notice(children=(CHILD.model_copy(update={"addresses": (address,)}),))
    for section, stated in DETAILS.items():
        yield f"a notice with `details.{section}` empty", full_notice(details={**DETAILS, section: {}})
        for name in stated:
            less = {field: value for field, value in stated.items() if field != name}
            yield f"a notice without `details.{section}.{name}`", full_notice(details={section: less})


def _strange() -> Iterator[tuple[str, Notice]]:
    for number, text in enumerate(STRANGE):
        words = dict.fromkeys(("title", "summary", "action", "contact", "recipient", "because"), text)
        people = (FATHER.model_copy(update={"label": text, "name": Name(given=text, family=text)}),)
        yield f"a notice in strange words ({number})", full_notice(**words, people=people, narrative=(Excerpt.of(text, SaidBy.CHILD),))


def _unwritable() -> Iterator[tuple[str, Notice]]:
    """What systems write into their fields and XML cannot hold: it is nobody's words, so a sign may stand in its place."""
    words = dict.fromkeys(("title", "summary", "action", "contact", "recipient", "because"), _UNWRITABLE)
    people = (FATHER.model_copy(update={"label": _UNWRITABLE, "name": Name(given=_UNWRITABLE, family=_UNWRITABLE)}),)
    yield "a notice with control characters beside its words", full_notice(**words, people=people, narrative=())


_UNWRITABLE = "Ravelstone\x0band\x07Moss\ufffe"


def _one_thing_there() -> Iterator[tuple[str, Notice]]:
    for name in _ABSENT:
        yield f"a notice of nothing but `{name}`", minimal_notice(**{name: getattr(full_notice(), name)})
    for who in (*SaidBy, None):
        yield f"words said by {who}", minimal_notice(narrative=(Excerpt.of("Daddy hurt me", who),))
    for name, more in _more().items():
        yield f"a notice with {name}", full_notice(**more)
        yield f"a notice of little but {name}", minimal_notice(**more)


def _more() -> Mapping[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {
        "an exercise": {"exercise": "winter-rehearsal"},
        "a source to be hidden": {"do_not_reveal_source": True},
        "an alert of the agency's own": {"own_agency": True},
        "another alert of the same matter": {"repeats": Repeats(number=3, since=date(2020, 10, 1))},
        "an answer that the briefing asks for": {"folded_into": "8a1f0c52-6a0d-5f0c-8d55-3f1f6f6a7c12"},
        "consent": {"consent": ConsentStanding(plan="child_in_need_plan", state="withdrawn", since=date(2020, 11, 1), source="health")},
        "consent that nobody stated": {"consent": ConsentStanding(state="not_stated")},
        "a chain": {"chain": ("health_visitor", "manager")},
        "a release that still stands": {"deed": Deed.WITHDRAW, "kind": "prisoner_release", "another_stands": True},
        "a child who has died": {"children": (CHILD.model_copy(update={"died": date(2020, 6, 28)}),)},
        "no time to answer": {"due": None},
        "a critical matter": {"severity": Severity.CRITICAL},
        "a matter of little weight": {"severity": Severity.LOW},
        "people named twice": {"people": (FATHER, CHILD), "children": (CHILD,)},
        "a long narrative": {"narrative": tuple(_SAID for _ in range(30))},
    }
    found |= {f"a step of kind {kind}": stepped for kind, stepped in _STEPPED.items()}
    return found


def _mixed() -> Iterator[tuple[str, Notice]]:
    """Yield notices that hypothesis makes, the same in every process; none where it is not installed, which a rule then says."""
    try:
        from hypothesis import HealthCheck, Phase, given, settings
        from hypothesis import strategies as st
    except ImportError:
        return

    made: list[Notice] = []

    @settings(
        max_examples=MIXED,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(mixed_notices(st))
    def make(notice: Notice) -> None:
        made.append(notice)

    make()
    for number, notice in enumerate(made):
        yield f"mixed notice {number}", notice
