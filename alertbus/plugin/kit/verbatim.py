"""The rule for what somebody said (VOI-01): each excerpt is carried whole or left out, whoever said it and however it reads."""

import re
from collections.abc import Iterator

from alertbus.model.alert import SaidBy
from alertbus.model.notice import Excerpt, Notice
from alertbus.plugin import fidelity
from alertbus.plugin.kit.conformance import must
from alertbus.plugin.kit.invented import full_notice, kinds
from alertbus.plugin.kit.looking import rendered
from alertbus.plugin.kit.samples import SPOKEN
from alertbus.plugin.protocols import Adapter

RARE = "Heron marmalade trellis: the ferret gnawed her accordion while Bogdan whittled a periscope."
"""Words that stand in no template. Two of them in a message that does not carry the whole are a retelling, whatever stands around them."""

TEXTS = (
    SPOKEN,
    "Short.",
    "Daddy hurt me",
    "He did not hit me",
    "I don't feel safe at night",
    "Mummy's boyfriend comes into my bed and I don't like it",
    'He said: "I\'ll fucking kill you, you stupid bitch." The cunt meant it.',
    "You bastard, get the fuck off me, she screamed; shit was all over the floor",
    "She came in at nine and said that nobody had been home since the day before yesterday, and cried.",
    RARE,
    "  leading and trailing space  ",
    "CAPITALS and\r\na carriage return",
    '{"looks": "like JSON"} <xml/> &amp; =1+1, "quoted""twice"',
    "\u05d0\u05d1\u05d2 \u0627\u0644\u0633 \u4f60\u597d e\u0301 \u2019\u2019",
)
"""Short and long, a child's and an adult's, awkward and rude: what a careless or a careful renderer changes."""

LONG = tuple(
    " ".join(f"On day {day} of it she {did} the {thing} and said nothing to anybody." for day, did, thing in parts)
    for parts in (
        [
            (day, ("broke", "hid", "burned", "sold")[day % 4], ("plates", "letters", "curtains", "bicycle")[day // 4 % 4])
            for day in range(120)
        ],
        [(day, ("counted", "washed", "lost")[day % 3], ("buttons", "tablets", "keys", "coins", "stamps")[day % 5]) for day in range(1400)],
    )
)
"""More than 4,000 characters, and more than 65,535."""

_WORD = re.compile(r"\w{4,}")


def keeps_text_whole(adapter: Adapter) -> None:
    for what, notice in _spoken():
        message = rendered(adapter, notice)
        positions = fidelity.altered(notice, message)
        must(not positions, f"{what}: excerpt {', '.join(map(str, positions))} is cut, changed or retold, or left out beside another one")
        text = "\n".join(fidelity.strings_of(message))
        if RARE not in text and any(excerpt.text == RARE for excerpt in notice.narrative):
            found = [word for word in _WORD.findall(RARE) if word.casefold() in text.casefold()]
            must(len(found) < 2, f"{what}: what was said stands there in other words")  # noqa: PLR2004  one may be chance


def _spoken() -> Iterator[tuple[str, Notice]]:
    for number, text in enumerate(TEXTS):
        for who in (*SaidBy, None):
            yield f"text {number} said by {who}", full_notice(narrative=(Excerpt.of(text, who, observed_first_hand=True),))
    for kind in kinds():
        for who in (SaidBy.CHILD, SaidBy.PROFESSIONAL):
            several = tuple(Excerpt.of(text, who, observed_first_hand=True) for text in (TEXTS[2], RARE, TEXTS[8]))
            yield f"kind {kind}, three excerpts said by {who}", full_notice(kind=kind, narrative=several)
    for text in LONG:
        for who in (SaidBy.CHILD, SaidBy.PROFESSIONAL)[: 1 if text is LONG[-1] else 2]:
            long = (Excerpt.of(text, who, observed_first_hand=True), Excerpt.of("Daddy hurt me", who, observed_first_hand=True))
            yield f"a text of {len(text)} characters said by {who}", full_notice(narrative=long)
    many = tuple(Excerpt.of(text, SaidBy.CHILD, observed_first_hand=True) for text in dict.fromkeys((*TEXTS, *LONG[:1])))
    yield "many excerpts", full_notice(narrative=many)
