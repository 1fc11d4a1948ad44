"""A briefing as a newcomer reads it on one page: in its sections, each thing by its day, and nothing before the rest because it is grave or
new (NOT-06). Pure. What the reader may not see of a section is not in the notice.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from alertbus.desk.in_words import agency, dated, day, role
from alertbus.model.briefing import BriefedFlag, BriefedHandover, BriefedHolder, BriefedItem, BriefedLink, Briefing
from alertbus.model.custody import Custody
from alertbus.model.item import ANSWER
from alertbus.model.name_in_words import begun
from alertbus.model.notice import Notice
from alertbus.plugin.sections import called_in_words, consent_line
from alertbus.plugin.wording import plain


@dataclass(frozen=True, slots=True)
class BriefedThing:
    """One thing of a section: what or who it is, what is said of it, and whether its time has passed."""

    what: str
    said: tuple[str, ...] = ()
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class BriefedSection:
    """A heading and what stands below it; `quiet` is said where nothing does."""

    ref: str
    title: str
    things: tuple[BriefedThing, ...]
    quiet: str


def warnings(flags: Iterable[BriefedFlag]) -> tuple[BriefedThing, ...]:
    """The flags that stand: they are read before anything else (VPF-11). Several that say the same are one warning with a line for each:
    six boxes of the same words are passed over.
    """
    said: dict[str, list[str]] = {}
    for one in flags:
        said.setdefault(f"{one.title}{f' ({one.grade})' if one.grade else ''}: {one.action}", []).append(", ".join(_flag(one)))
    return tuple(BriefedThing(what, tuple(lines)) for what, lines in said.items())


def before_the_people(notice: Notice, briefing: Briefing) -> tuple[BriefedSection, ...]:
    """How the case came to the reader, and the plan."""
    called = _called(notice)
    plans = [
        BriefedThing(
            plain(one.type).capitalize(),
            tuple(_some(f"since {day(one.since)}" if one.since else "", _for([called[ref] for ref in one.children if ref in called]))),
        )
        for one in briefing.plans
    ]
    status = [] if plans or not notice.case_status else [BriefedThing(plain(notice.case_status).capitalize())]
    consent = consent_line(notice)
    agreed = [BriefedThing(dated(consent))] if consent else []
    return (
        *([BriefedSection("handover", "How the case came to you", tuple(_handover(briefing.handover)), "")] if briefing.handover else []),
        BriefedSection("plan", "The plan, and consent to it", (*plans, *status, *agreed), "No plan is in force, as far as you may see."),
    )


def after_the_people(notice: Notice, briefing: Briefing) -> tuple[BriefedSection, ...]:
    """Who is linked, what is open, what stands, and whom to ask."""
    called = _called(notice)
    stands = (
        BriefedThing(
            one.title,
            tuple(
                _some(
                    day(one.day),
                    f"from {agency(one.source)}" if one.source else "who told it must not be said",
                    one.severity,
                    f"their reference {one.source_id}" if one.source_id else "",
                )
            ),
        )
        for one in briefing.stands
    )
    return (
        BriefedSection(
            "links", "Adults who are linked", tuple(_link(one, called) for one in briefing.links), "No adult is recorded as linked."
        ),
        BriefedSection("open", "Open and overdue", tuple(_open(one, called) for one in briefing.open), "Nothing is owed by a time now."),
        BriefedSection("stands", "What was told before you came, and stands", tuple(stands), "Nothing that was told before still stands."),
        BriefedSection("others", "Who else is on the case", tuple(map(_holder, briefing.others)), "Nobody else is recorded on the case."),
        *(
            [BriefedSection("changes", "Who else has just come or gone", tuple(map(_holder, briefing.changes)), "")]
            if briefing.changes
            else []
        ),
        BriefedSection("before", "Who held it before you, in your service", tuple(map(_holder, briefing.before)), "Nobody, by the record."),
    )


def _called(notice: Notice) -> dict[str, str]:
    return {person.ref: called_in_words(person) for person in (*notice.people, *notice.children)}


def _some(*words: str) -> Iterator[str]:
    return filter(None, words)


def _for(names: list[str]) -> str:
    return f"for {', '.join(names)}" if names else ""


def _flag(one: BriefedFlag) -> tuple[str, ...]:
    by = f"stated by {agency(one.source)}" if one.source else ""
    return tuple(_some(f"since {day(one.since)}", by, f"to be reviewed on {day(one.review_on)}" if one.review_on else ""))


def _handover(one: BriefedHandover | None) -> Iterator[BriefedThing]:
    if one is None:
        return
    whom = f"from {plain(one.from_) if one.from_ else 'not stated'} to {plain(one.to) if one.to else 'not stated'}"
    yield BriefedThing(f"Handover of {role(one.role)}", tuple(_some(day(one.day), whom, "for a time" if one.interim else "")))
    pack = "not stated: ask for it" if one.pack is None else "yes" if one.pack else "no: ask for it"
    yield BriefedThing("A handover pack came with it", (pack,))
    yield from (BriefedThing("It falls at a critical moment", (reason,)) for reason in one.critical)
    if one.consent_withdrawn:
        yield BriefedThing("The family has withdrawn its consent to the plan that is handed over")


def _link(one: BriefedLink, called: dict[str, str]) -> BriefedThing:
    name = called.get(one.ref, "an adult")
    relation = plain(one.relation) if one.relation else ""
    household = "" if one.in_household is None else "in the household" if one.in_household else "not in the household"
    facts = _some(
        relation if relation not in name else "",
        f"{one.certainty} link",
        f"by {agency(one.source)}" if one.source else "",
        f"since {day(one.since)}" if one.since else "",
        household,
        *(_custody(one.custody) if one.custody else ()),
    )
    return BriefedThing(begun(name), tuple(facts))


def _custody(one: Custody) -> Iterator[str]:
    yield f"{plain(one.state)}{f' since {day(one.since)}' if one.since else ''}{f', stated by {agency(one.source)}' if one.source else ''}"
    if one.release_on:
        sure = (
            "not stated whether confirmed" if one.release_confirmed is None else "confirmed" if one.release_confirmed else "not confirmed"
        )
        yield f"to be released on {day(one.release_on)} ({sure})"


def _open(one: BriefedItem, called: dict[str, str]) -> BriefedThing:
    child = f"for {called[one.child]}" if one.child and one.child in called else ""
    due = f"due {day(one.due)}" if one.due else "no day stated"
    what = f"Answer to: {one.title}" if one.rule == ANSWER else one.title
    return BriefedThing(what, tuple(_some(child, f"{agency(one.agency)} ({role(one.role)}) owes it", due)), one.overdue)


def _holder(one: BriefedHolder) -> BriefedThing:
    since = f"from {day(one.since)}" if one.since else ""
    until = f"to {day(one.until)}" if one.until else ""
    who = f"{agency(one.agency)}{f': {one.name}' if one.name else ''}"
    return BriefedThing(who, tuple(_some(role(one.role), one.team or "", since, until)))
