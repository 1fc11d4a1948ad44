"""What the kit's invented people say: each text with a short name, by which a finding names it. They may be shown; nobody said them."""

from collections.abc import Mapping

from alertbus.plugin.kit.samples import SPOKEN

RARE = "Heron marmalade trellis: the ferret gnawed her accordion while Bogdan whittled a periscope."
"""Words that stand in no template. Two of them in a message that does not carry the whole are a retelling, whatever stands around them."""

TEXTS: Mapping[str, str] = {
    "several sentences": SPOKEN,
    "one word": "Short.",
    "a child's sentence": "Daddy hurt me",
    "a negation": "He did not hit me",
    "an apostrophe": "I don't feel safe at night",
    "two apostrophes": "Mummy's boyfriend comes into my bed and I don't like it",
    "swear words in quotation marks": 'He said: "I\'ll fucking kill you, you stupid bitch." The cunt meant it.',
    "swear words": "You bastard, get the fuck off me, she screamed; shit was all over the floor",
    "a long sentence": "She came in at nine and said that nobody had been home since the day before yesterday, and cried.",
    "rare words": RARE,
    "space at both ends": "  leading and trailing space  ",
    "a carriage return": "CAPITALS and\r\na carriage return",
    "markup and quotes": '{"looks": "like JSON"} <xml/> &amp; =1+1, "quoted""twice"',
    "letters with joined accents, and from right to left": "\u05d0\u05d1\u05d2 \u0627\u0644\u0633 \u4f60\u597d e\u0301 \u2019\u2019",
    "an ampersand and a smaller-than": "Mum & him had < nothing > in the house",
    "a no-break space": "He shut me in from 9\u00a0pm until the morning came",
    "a zero-width joiner": "He wrote \U0001f468\u200d\U0001f469\u200d\U0001f467 on the wall of my room",
    "a soft hyphen and a mark of direction": "He made the safe\u00adguarding lead \u200ewait outside the door",
    "a sign with its form chosen": "She drew \u2764\ufe0f and tore it up when he came home",
    "a tab and a line break": "First he shouted\tand then\nhe broke the door",
}
"""Short and long, a child's and an adult's, awkward and rude: what a careless or a careful renderer changes."""

CONTROLS: Mapping[str, str] = {
    "a vertical tab": "He threw it at the wall and laughed at her\x0bafterwards",
    "a bell": "Nobody came to the door when the neighbours rang\x07 twice",
    "U+FFFE": "She wrote it down and put it under her pillow\ufffe at night",
}
"""What XML 1.0 cannot hold, not even as a reference. Systems that send to the bus write such things."""

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
