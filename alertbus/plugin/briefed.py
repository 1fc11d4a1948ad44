"""A newcomer's briefing, and how an alert stands to what was told before, as lines that every adapter says in the same words. Public, as
`alertbus.plugin` is. Nothing here decides what an agency may know: the notice is minimised already.
"""

from collections.abc import Callable, Iterator

from alertbus.model.briefing import BriefedHandover, BriefedHolder, BriefedItem, BriefedLink, Briefing
from alertbus.model.custody import Custody
from alertbus.model.notice import Notice, NoticePerson, Repeats
from alertbus.plugin.sections import called_in_words
from alertbus.plugin.wording import NOT_STATED, agency_in_words, plain

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
FOLDED = "This stood when you joined: the answer to your briefing is the answer to this."
"""What an alert says of which the briefing asks for the answer."""


def briefing_lines(notice: Notice, *, who: Callable[[NoticePerson], str] | None = None) -> list[str]:
    """Give every section of a briefing, a line for each thing, in reading order: the warnings first. Empty for any other notice. `who` says
    what to call somebody; without it a child is called by name, and an adult by what they are to the family.
    """
    briefing, called = notice.briefing, who or called_in_words
    if briefing is None:
        return []
    people = {person.ref: called(person) for person in (*notice.people, *notice.children)}
    return [
        *_warnings(briefing),
        *_handover(briefing.handover),
        *_plans(briefing, people),
        *(_linked(link, people.get(link.ref, "an adult")) for link in briefing.links),
        *(_open(item, people) for item in briefing.open),
        *(_stands(briefing)),
        *(f"Changed lately: {_holder(one)}" for one in briefing.changes),
        *(f"Also on the case: {_holder(one)}" for one in briefing.others),
        *(f"Before you: {_holder(one)}" for one in briefing.before),
        *([f"The past: {briefing.past}"] if briefing.past else []),
    ]


def before_this(notice: Notice) -> list[str]:
    """Say of an alert that it is one of several on one matter, and that the briefing asks for its answer; nothing where neither is so."""
    return [*([repeats_line(notice.repeats)] if notice.repeats else []), *([FOLDED] if notice.folded_into else [])]


def repeats_line(repeats: Repeats) -> str:
    """Say which one of the matter this is, and since when."""
    number = _ORDINALS[repeats.number - 1] if repeats.number <= len(_ORDINALS) else f"{repeats.number}th"
    return f"The {number} of this matter since {repeats.since.isoformat()}."


def _warnings(briefing: Briefing) -> Iterator[str]:
    for flag in briefing.flags:
        grade, source = (f" ({flag.grade})" if flag.grade else ""), f", stated by {agency_in_words(flag.source)}" if flag.source else ""
        review = f", to be reviewed on {flag.review_on.isoformat()}" if flag.review_on else ""
        yield f"Warning: {flag.title}{grade}, since {flag.since.isoformat()}{source}{review}. {flag.action}"


def _handover(handover: BriefedHandover | None) -> Iterator[str]:
    if handover is None:
        return
    interim = ", for a time" if handover.interim else ""
    yield f"Handover on {handover.day.isoformat()}: {plain(handover.role)}, from {_said(handover.from_)} to {_said(handover.to)}{interim}"
    yield f"Handover pack: {plain({True: 'yes', False: 'no'}.get(handover.pack, NOT_STATED) if handover.pack is not None else NOT_STATED)}"
    yield from (f"Critical moment: {reason}" for reason in handover.critical)
    if handover.consent_withdrawn:
        yield "Consent to the plan: withdrawn"


def _plans(briefing: Briefing, people: dict[str, str]) -> Iterator[str]:
    for plan in briefing.plans:
        names = ", ".join(people[ref] for ref in plan.children if ref in people)
        since = f", since {plan.since.isoformat()}" if plan.since else ""
        yield f"Plan: {plain(plan.type)}{since}{f', for {names}' if names else ''}"


def _linked(link: BriefedLink, called: str) -> str:
    facts = [f"{link.certainty} link"] if link.certainty not in called else []
    if link.relation and plain(link.relation) not in called:
        facts.insert(0, plain(link.relation))
    facts += [f"by {agency_in_words(link.source)}"] if link.source else []
    facts += [f"since {link.since.isoformat()}"] if link.since else []
    if link.in_household is not None:
        facts.append("in the household" if link.in_household else "not in the household")
    if link.custody:
        facts += _custody(link.custody)
    return f"Linked: {called}{': ' if facts else ''}{', '.join(facts)}"


def _custody(custody: Custody) -> Iterator[str]:
    since = f" since {custody.since.isoformat()}" if custody.since else ""
    by = f" (stated by {agency_in_words(custody.source)})" if custody.source else ""
    yield f"{plain(custody.state)}{since}{by}"
    if custody.release_on:
        sure = NOT_STATED if custody.release_confirmed is None else "confirmed" if custody.release_confirmed else "not confirmed"
        yield f"to be released on {custody.release_on.isoformat()} ({plain(sure)})"


def _open(item: BriefedItem, people: dict[str, str]) -> str:
    due = f", due {item.due.isoformat()}" if item.due else ", no day stated"
    child = f", for {people[item.child]}" if item.child and item.child in people else ""
    what = f"answer to {item.title}" if item.rule == "answer" else item.title
    return f"{'Overdue' if item.overdue else 'Open'}: {what}{child}, {agency_in_words(item.agency)} ({plain(item.role)}){due}"


def _stands(briefing: Briefing) -> Iterator[str]:
    for alert in briefing.stands:
        source = f", from {agency_in_words(alert.source)}" if alert.source else ""
        quote = f" (quote {alert.source_id})" if alert.source_id else ""
        yield f"Stands: {alert.title}, {alert.day.isoformat()}{source}, {alert.severity}{quote}"


def _holder(one: BriefedHolder) -> str:
    named = f", {one.name}" if one.name else ""
    role = f" ({plain(one.role)})" if one.role else ""
    team = f", {one.team}" if one.team else ""
    since = f", from {one.since.isoformat()}" if one.since else ""
    until = f" to {one.until.isoformat()}" if one.until else ""
    return f"{agency_in_words(one.agency)}{named}{role}{team}{since}{until}"


def _said(name: str | None) -> str:
    return plain(name) if name else plain(NOT_STATED)
