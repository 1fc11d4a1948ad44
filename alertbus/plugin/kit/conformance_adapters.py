"""The rules for what an adapter's message says: gold. One function each; they raise `Broken`. Each looks at every kind."""

import os
import re
from collections.abc import Iterator, Sequence
from datetime import date

import nhs_number

from alertbus.model.alert import SaidBy
from alertbus.model.notice import ENDINGS, Deed, Excerpt, Message, Notice, NoticePerson
from alertbus.plugin import fidelity
from alertbus.plugin.kit.conformance import must
from alertbus.plugin.kit.invented import CHILD, FATHER, FLAG_LINE, FRIEND, SIBLING, full_notice, kinds
from alertbus.plugin.kit.looking import looked_at, rendered
from alertbus.plugin.kit.other_process import digest
from alertbus.plugin.kit.samples import minimal_notice, sample_briefing
from alertbus.plugin.protocols import Adapter
from alertbus.plugin.wording import RECALL

_A_PATH = re.compile(r"(?:^|[\s\"'(=])(?:/(?:home|work|tmp|var|usr|opt|root|Users|private)/|[A-Z]:\\)")
_DIED = date(2019, 6, 28)
_NOT_STATED = re.compile(r"not[ _-]stated", re.IGNORECASE)
_TEN_DIGITS = re.compile(r"(?<!\d)\d{10}(?!\d)")
_USUAL = "threat_to_staff"
"""A kind of which every format can say everything."""
_GOES_ON = tuple(deed for deed in Deed if deed not in ENDINGS)


def flag_comes_first(adapter: Adapter) -> None:
    """For every kind and every deed that ends nothing the flag, or a mark of the adapter's that stands for it, is in the body before the
    title, the summary, what to do, what was said, and whoever it is about.
    """
    for kind in kinds():
        for deed in _GOES_ON:
            _flag_leads(adapter, full_notice(kind=kind, deed=deed), f"kind {kind}, deed {deed}")
    _flag_leads(adapter, minimal_notice(flag=FLAG_LINE), "a notice of nothing but a flag")


def briefs_flag_first(adapter: Adapter) -> None:
    """Of a newcomer's briefing too the flag comes before all else."""
    for deed in (Deed.DELIVER, Deed.AMEND):
        notice = sample_briefing(flag=FLAG_LINE, deed=deed)
        _flag_leads(adapter, notice, f"a briefing, deed {deed}", ("what stands", "Public Protection Notice"))


def _flag_leads(adapter: Adapter, notice: Notice, what: str, *more: tuple[str, str]) -> None:
    message = rendered(adapter, notice)
    text = "\n".join(fidelity.strings_of(message))
    marks = (notice.flag or "", *getattr(adapter, "flag_marks", ()))
    if _may_end(notice.obligation.kind, notice.deed) and any(mark in head for mark in marks for head in message.headers.values()):
        return
    places = [at for mark in marks if (at := text.find(mark)) >= 0]
    must(places, f"{what}: the flag is not in the body")
    others = [("title", notice.title), ("summary", notice.summary), ("action", notice.action), *more]
    others += [("narrative", excerpt.text) for excerpt in notice.narrative]
    for person in (*notice.children, *notice.people):
        parts = (person.name.given, person.name.family) if person.name else ()
        others += [("name of somebody", part or "") for part in (*parts, person.label)]
    for name, words in others:
        found = text.find(words) if words else -1
        must(found < 0 or found > min(places), f"{what}: the {name} stands before the flag")


def keeps_certainty(adapter: Adapter) -> None:
    """Whoever's relation the message says, child or adult, and whatever the kind: that it is putative or reported stands there."""
    for kind in kinds():
        for changed in (CHILD, SIBLING, FATHER, FRIEND):
            bare = _text(adapter, _with(kind, changed, relation=None, certainty=None))
            certain = _text(adapter, _with(kind, changed, certainty=None))
            if certain == bare:
                continue  # it does not say what this person is to the family
            for sure in ("putative", "reported"):
                text = _text(adapter, _with(kind, changed, certainty=sure))
                said = text.casefold().count(sure) > certain.casefold().count(sure)
                whose = "a child" if changed.child else "an adult"
                must(said, f"kind {kind}: the relation of {whose} is said, and not that it is {sure}")


def _with(kind: str, changed: NoticePerson, **fields: str | None) -> Notice:
    children, people = (CHILD, SIBLING), (FATHER, FRIEND)
    now = changed.model_copy(update={"label": None, **fields})
    return full_notice(
        kind=kind,
        because="A -> you",
        children=tuple(now if person is changed else person for person in children),
        people=tuple(now if person is changed else person for person in people),
    )


def keeps_source_mark(adapter: Adapter) -> None:
    """In the body for the kind of most notices; for every kind, in the body or, where a format has no room, outside it."""
    for kind in kinds():
        for deed in _GOES_ON:
            open_ = rendered(adapter, full_notice(kind=kind, deed=deed, flag=None, do_not_reveal_source=False))
            hidden = rendered(adapter, full_notice(kind=kind, deed=deed, flag=None, do_not_reveal_source=True))
            told = open_.body != hidden.body if kind == _USUAL else digest(open_) != digest(hidden)
            must(told, f"kind {kind}, deed {deed}: `do_not_reveal_source` leaves no trace")


def says_not_stated(adapter: Adapter) -> None:
    """Where an adapter says who said something, whether it was seen first-hand, whether a release is confirmed or whether the children were
    at an incident, it says too that this was not stated, and in no other case.
    """
    for kind in kinds():
        for fact, notices in _facts(kind):
            messages = [rendered(adapter, notice) for notice in notices]
            if len({message.body for message in messages}) == 1:
                continue  # it does not render this fact at all
            *stated, unsaid = ["\n".join(fidelity.strings_of(message)) for message in messages]
            marks = [len(_NOT_STATED.findall(text)) for text in stated]
            must(len(_NOT_STATED.findall(unsaid)) > max(marks), f"kind {kind}: {fact}: what nobody stated does not read as not stated")


def _facts(kind: str) -> Iterator[tuple[str, Sequence[Notice]]]:
    """Yield notices that differ in one fact; in the last of each nobody has stated it."""
    said = "He was gone before it was light."
    yield "who said it", [full_notice(kind=kind, narrative=(Excerpt.of(said, who, observed_first_hand=True),)) for who in (*SaidBy, None)]
    yield (
        "first-hand or not",
        [full_notice(kind=kind, narrative=(Excerpt.of(said, SaidBy.PUBLIC, observed_first_hand=hand),)) for hand in (True, False, None)],
    )
    if kind == "prisoner_release":
        releases = ({"date": "2021-03-12"} | sure for sure in ({"confirmed": True}, {"confirmed": False}, {}))
        yield "confirmed or not", [full_notice(kind=kind, flag=None, details={"release": release}) for release in releases]
    if kind == "domestic_abuse_incident":
        there = [{"incident": {"children_present": there}} for there in (True, False, None)]
        yield "the children present or not", [full_notice(kind=kind, details=details) for details in there]


def says_who_died(adapter: Adapter) -> None:
    """Of a child that is named, by its name or by what it is called."""
    for kind in kinds():
        text = _text(adapter, full_notice(kind=kind, children=(CHILD.model_copy(update={"died": _DIED}),)))
        named = any(word in text for word in ("Wrenna", CHILD.label or ""))
        must(not named or _DIED.isoformat() in text, f"kind {kind}: a child is named, and not that the child has died")


def says_exercise(adapter: Adapter) -> None:
    """In the body of what begins something; of what ends something, in the body or outside it."""
    for kind in kinds():
        for deed in Deed:
            real = rendered(adapter, full_notice(kind=kind, deed=deed))
            rehearsed = rendered(adapter, full_notice(kind=kind, deed=deed, exercise="winter-rehearsal"))
            must(_tells_apart(real, rehearsed, kind, deed), f"kind {kind}, deed {deed}: a rehearsal renders as a real notice")


def invents_nothing(adapter: Adapter) -> None:
    here = os.getcwd()  # noqa: PTH109  compared as text
    for look in looked_at(adapter).looks:
        if look.made is None:
            continue
        text, given = "\n".join(fidelity.strings_of(look.made)), look.notice.model_dump_json()
        for number in _TEN_DIGITS.findall(text):
            must(number in given or not nhs_number.is_valid(number), f"{look.what}: an NHS number that the notice does not hold")
        must(not _A_PATH.search(text), f"{look.what}: a path of the machine it runs on")
        must(here not in text, f"{look.what}: the working folder of the machine it runs on")


def _tells_apart(one: Message, other: Message, kind: str, deed: Deed) -> bool:
    """Whether the bodies differ; or what stands outside them, where the message may end something and have no room for words."""
    return one.body != other.body or (_may_end(kind, deed) and digest(one) != digest(other))


def _may_end(kind: str, deed: Deed) -> bool:
    """A recall to prison ends what a release had set up at an agency."""
    return deed.ends or kind == RECALL


def _text(adapter: Adapter, notice: Notice) -> str:
    return "\n".join(fidelity.strings_of(rendered(adapter, notice)))
