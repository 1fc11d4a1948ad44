"""Questions for a person and their answers in the desk's own words: what is asked, what each answer does, and what was decided. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from alertbus.chronicle.reviews import ReviewItem, ReviewState
from alertbus.desk.in_words import agency, moment
from alertbus.model.events import ReviewReason
from alertbus.model.identity import ReviewOutcome


@dataclass(frozen=True, slots=True)
class QuestionInWords:
    """What is asked, and what whoever decides should do about it."""

    title: str
    to_do: str


QUESTIONS: Mapping[ReviewReason, QuestionInWords] = MappingProxyType(
    {
        ReviewReason.UNSURE_MATCH: QuestionInWords(
            "Is this the same person?",
            "Compare what is stated. If you are not sure, ask whoever stated it before you decide: two people joined by mistake tell "
            "strangers about a family, and one person left as two hides a threat.",
        ),
        ReviewReason.NOBODY_LINKED: QuestionInWords(
            "An alert about somebody who is on no case",
            "Find out whether a child is behind it. If so, have a case opened that names this person: the alert then reaches it by itself.",
        ),
        ReviewReason.KEY_UNKNOWN: QuestionInWords(
            "An alert points at somebody whom no case file has",
            "Ask its source whom it means. Once a case file names them, the alert reaches it by itself.",
        ),
        ReviewReason.WORDS_HELD: QuestionInWords(
            "Words held back from a case",
            "The agencies of this case were told of the alert without these words, because they may tell one family about another, or who "
            "told. Read them, and decide whether they may go out. If only some may, keep them, and have the source state them anew.",
        ),
        ReviewReason.UNKNOWN_KIND: QuestionInWords(
            "An alert of a kind that the policy does not know",
            "Nobody is told by a rule of its own until the kind stands in the policy. Have it added, or have the sender state another.",
        ),
        ReviewReason.NOT_UNDERSTOOD: QuestionInWords(
            "A message that could not be read",
            "It is kept as it came. Have the sender's system mended, and the message sent again.",
        ),
        ReviewReason.REPEATED_DIFFERENTLY: QuestionInWords(
            "One reference, two different statements",
            "The first stands. If the sender meant to change it, it is to be sent as an amendment.",
        ),
        ReviewReason.NOT_OURS: QuestionInWords(
            "An agency says that an alert is not theirs",
            "It waits for an answer until who works on the case is put right in the case file.",
        ),
        ReviewReason.UNCLASSIFIED_DETAILS: QuestionInWords(
            "Details that nobody has classified",
            "Nobody is shown them until the model says who may see them.",
        ),
        ReviewReason.FLAG_REVIEW_DUE: QuestionInWords(
            "Does this flag still stand?",
            "Its review date has come, and it stands until whoever stated it withdraws it. Speak to who knows the person, then withdraw "
            "it or state a new review date, and say here that it was looked at.",
        ),
        ReviewReason.FLAG_PROPOSED: QuestionInWords(
            "Should a flag be set on somebody?",
            "Something was stated of somebody on whom no flag stands. A flag is set by a person, with a reason and a review date: state "
            "one if it is needed, and say here that it was looked at.",
        ),
    }
)

SHORT: Mapping[ReviewReason, str] = MappingProxyType(
    {
        ReviewReason.UNSURE_MATCH: "Who somebody is",
        ReviewReason.NOBODY_LINKED: "On no case",
        ReviewReason.KEY_UNKNOWN: "Unknown key",
        ReviewReason.WORDS_HELD: "Held words",
        ReviewReason.UNKNOWN_KIND: "Unknown kind",
        ReviewReason.NOT_UNDERSTOOD: "Unreadable message",
        ReviewReason.REPEATED_DIFFERENTLY: "Stated twice, differently",
        ReviewReason.NOT_OURS: "Said not to be theirs",
        ReviewReason.UNCLASSIFIED_DETAILS: "Unclassified details",
        ReviewReason.FLAG_REVIEW_DUE: "Flag due for review",
        ReviewReason.FLAG_PROPOSED: "Flag proposed",
    }
)
"""Each kind of question in a filter."""

DONE: Mapping[ReviewOutcome, str] = MappingProxyType(
    {
        ReviewOutcome.SAME: "It is the same person",
        ReviewOutcome.DIFFERENT: "It is none of them",
        ReviewOutcome.SEEN: "Looked at, and dealt with",
        ReviewOutcome.RELEASE: "The words go to the case",
        ReviewOutcome.KEEP: "The words stay back",
        ReviewOutcome.REOPENED: "The decision was taken back",
    }
)

CONSEQUENCES: Mapping[ReviewOutcome, str] = MappingProxyType(
    {
        ReviewOutcome.SAME: "The two become one person. What stands about either is told to the agencies on the other's cases at once, as "
        "far as the policy lets each of them know. You can take this back; who was told by it then hears that it was not about their case.",
        ReviewOutcome.RELEASE: "The words go to the agencies of the case at once, as an amendment of what they were told, as far as the "
        "policy lets each of them read words. This cannot be taken back.",
        ReviewOutcome.KEEP: "The agencies of the case never get these words. Nobody is told. This cannot be taken back; the source can "
        "state the words anew.",
        ReviewOutcome.REOPENED: "What followed from the decision counts no longer, and whoever was told by it hears so. The question waits "
        "again.",
    }
)
"""What follows, for the page that asks whether it is meant."""

CONTRADICTED = (
    "They cannot be one person as things stand: each has a number of a kind that gives one person one, and the numbers differ. Nothing was "
    "changed. If one of the numbers is wrong, have it corrected where it was stated, and the bus joins the two by itself. If both numbers "
    "are this person's, whoever holds cases can say so under “State that two people are one”."
)
GONE = "What was stated has changed since, and one of the two is no longer named there. Read the page again; “Looked at” is still possible."


def owner_in_words(item: ReviewItem) -> str:
    """Whose it is to decide."""
    return "Whoever connects the systems that send" if item.owner == "integration" else agency(item.owner)


def decided_in_words(item: ReviewItem) -> str | None:
    """What was decided last, by whom and when; None where nothing was."""
    if item.outcome is None or item.by is None:
        return None
    return f"{DONE[item.outcome]}: {item.by}, {moment(item.decided_at)}"


def possible(item: ReviewItem) -> tuple[ReviewOutcome, ...]:
    """What may be decided about the item now. Of words neither answer is taken back."""
    if item.reason is ReviewReason.WORDS_HELD:
        return (ReviewOutcome.RELEASE, ReviewOutcome.KEEP) if item.state is ReviewState.OPEN else ()
    if item.state is ReviewState.DECIDED:
        return (ReviewOutcome.REOPENED,)
    about_people = (ReviewOutcome.SAME, ReviewOutcome.DIFFERENT) if item.in_question else ()
    return (*about_people, ReviewOutcome.SEEN)


def is_asked_first(item: ReviewItem, outcome: ReviewOutcome) -> bool:
    """Whether somebody is asked first if they mean it: agencies are told by it, or it cannot be taken back."""
    if outcome is ReviewOutcome.REOPENED:
        return item.outcome is ReviewOutcome.SAME
    return outcome in CONSEQUENCES
