"""Words that judge and do not tell: whoever writes only these is asked what they saw, heard or smelt (VOI-08). Pure.

The review asks for detailed description instead of labels (learning after 3.40) and names `unkempt` and `hostile`. The other words are
ours: those which practice guidance on recording warns of, because each reader pictures something else under them. Nothing is refused: the
words stay the sender's, byte for byte, and a label beside what was seen is no fault (VOI-01, NOT-21).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "aggressive": "what was said or done, to whom, how near",
        "attention seeking": "what the child did or said, and what had happened before",
        "challenging": "what was said or done, and what came before it",
        "chaotic": "what you saw in which room, or what happened in which order",
        "concerning": "what it is that worries you",
        "controlling": "what was said or done, and what the other person did then",
        "defensive": "what was asked, and what was answered",
        "difficult": "what was said or done",
        "dirty": "what was dirty, with what, and what it smelt of",
        "dishevelled": "clothes, hair, skin, smell: what you saw of each",
        "disruptive": "what the child did or said, and what came before it",
        "dysfunctional": "what you saw or heard between whom",
        "feral": "what the child did, said or looked like",
        "filthy": "what was dirty, with what, and what it smelt of",
        "hard to reach": "how often, how and when you tried, and what came back",
        "hostile": "the words that were said, the tone, what was done",
        "inappropriate": "what was said or done, and by whom",
        "intoxicated": "speech, smell, gait, eyes: what you noticed of each",
        "lacks insight": "what was asked, and what was answered",
        "manipulative": "what was said or done, and when",
        "messy": "what you saw in which room",
        "naughty": "what the child did or said, and what came before it",
        "neglected": "food, clothes, weight, skin, teeth, who was there: what you saw of each",
        "neglectful": "what was done or left undone, and how the child was",
        "no concerns": "what you saw of each child, and what they said",
        "non compliant": "what was asked for, and what was answered or done",
        "non engaging": "how often, how and when you tried, and what came back",
        "not engaging": "how often, how and when you tried, and what came back",
        "odd": "what was said or done",
        "poor hygiene": "skin, hair, clothes, smell: what you noticed of each",
        "promiscuous": "what the child said or did; a child who is exploited did not choose it",
        "rude": "the words that were said",
        "scruffy": "clothes, hair, skin: what you saw of each",
        "streetwise": "what the child said or did",
        "uncooperative": "what was asked for, and what was answered or done",
        "unkempt": "clothes, hair, skin, smell: what you saw of each",
        "unsuitable": "what you saw, and what it could do to the child",
        "volatile": "what was said or done, and what came before it",
        "vulnerable": "what could happen to whom, and why you think so",
        "withdrawn": "what the child did, said or did not say, and how they are at other times",
    }
)
"""Each label, and what to tell in its place. Hyphens count as blanks."""

_SMALL = """
a about again all also always an and another are as at be because become been being bit both but by can child children clothes could dad
did do does during especially even ever extremely family father for found from generally getting girl boy had has have he her here hers
herself him himself his home house how i in is it its itself just kid kids like little look looked looking looks lot made more most mother
mum mummy daddy my myself nan never not now of often on once or our out over parent parents partly person presented presenting presents
quite rather really seem seemed seems seen she sibling siblings so some somewhat son daughter still such that the their them then there
these they this those through time to today too under up us usual usually very was we were what when which while who with yesterday you
your behaviour behavior appearance appeared appears attitude manner state condition conditions environment situation toward towards me
baby man woman he's she's they're it's i'm there's
"""
_SAYS_LITTLE = frozenset(_SMALL.split())
"""Words that say nothing of what was seen: small ones, who it is about, and those that only introduce a label."""

ENOUGH = 3
"""So many words beside labels and small words tell something. Chosen: `threw a cup at the wall` has three, `very chaotic as usual` none."""

_WORD = re.compile(r"[\w']+")
_PATTERN = re.compile(r"\b(?:" + "|".join(re.escape(one) for one in sorted(LABELS, key=len, reverse=True)) + r")\b")
_HYPHEN = re.compile("[\\u2010-\\u2015-]")
_SAME = str.maketrans({"\u2019": "'", "\u00ad": None})
_SPOKEN = re.compile('["“„«].{3,}?["”“»]', re.DOTALL)


def only_labels(text: str) -> tuple[str, ...]:
    """Give the labels of a text that holds little else, in their order, each once; none where it also tells what was seen, heard or said.

    Words between quotation marks are what somebody said, and any figure is a fact: a text with either tells something.
    """
    plain = " ".join(_HYPHEN.sub(" ", text.casefold()).translate(_SAME).split())
    found = tuple(dict.fromkeys(_PATTERN.findall(plain)))
    if not found or _SPOKEN.search(text) or any(character.isdigit() for character in text):
        return ()
    rest = [word for word in _WORD.findall(_PATTERN.sub(" ", plain)) if word not in _SAYS_LITTLE]
    return found if len(rest) < ENOUGH else ()


def asked_of(labels: tuple[str, ...]) -> str:
    """The question to whoever wrote only these: in words that are ours, with nothing of theirs."""
    tell = "; ".join(f"for “{one}”: {LABELS[one]}" for one in labels[:3])
    return f"Say what was seen, heard or smelt, so that each reader sees the same ({tell})."
