"""Names as two agencies may write the same one: the forgiving form, known short forms, and how alike two spellings are.

All of it serves proposals that a person decides. Nothing here may join two people: the exact form does (`exact_form`).
"""

import re
import unicodedata
from functools import lru_cache

from alertbus.model.person import exact_form

_ARABIC_VOWELS = frozenset(map(chr, (*range(0x0610, 0x061B), *range(0x064B, 0x0660), 0x0670, *range(0x06D6, 0x06EE), 0x0640)))
"""Arabic vowel marks and the stretching stroke: mostly left out in writing."""
_HEBREW_POINTS = frozenset(map(chr, range(0x0591, 0x05C8)))
"""Hebrew vowel points and accents: mostly left out in writing."""

_PLAIN_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"})  # noqa: RUF001
"""Latin letters with no accent that could be taken off, and what systems without them hold instead."""

_JOINED = " -'"
_JOINTS = str.maketrans("", "", _JOINED)

_SHORT_FORMS = """
abigail: abi, abbie, abby, gail
abdul: abdel, abdal
ahmed: ahmad, ahmet
alexander: alex, alec, alasdair, alistair, sandy, xander, zander, sasha
alexandra: alex, alexa, lexi, lexie, sandra, sasha
amelia: amy, millie, milly
andrew: andy, drew
anthony: tony, antony
benjamin: ben, benny, benji
catherine: cath, cathy, catrin, kate, katie, kathryn, katherine, kath, kathleen, kitty
charles: charlie, chas, chuck
charlotte: charlie, lottie
christine: chris, christina, tina, kirsty
christopher: chris, kit
daniel: dan, danny
david: dave, davey, dai, dafydd
deborah: deb, debbie, debra
dorothy: dot, dotty
edward: ed, eddie, ned, ted, teddy
eleanor: ellie, ella, nell, elinor
elizabeth: beth, betty, eliza, elisabeth, libby, lisa, liz, lizzie, lily
frances: fran, frankie
francis: frank, frankie
frederick: fred, freddie
gareth: gary, gaz
geoffrey: geoff, jeff, jeffrey
george: georgie
gillian: gill, jill
gregory: greg
harold: harry
henry: harry, hal
isabella: bella, izzy, isabel, isabelle, isobel
jacob: jake
jacqueline: jackie, jacqui
james: jim, jimmy, jamie, jem
jennifer: jen, jenny
jessica: jess, jessie
john: jack, johnny, jon
jonathan: jon, jonny
joseph: joe, joey
josephine: jo, josie
joanna: jo, joanne
joshua: josh
kenneth: ken, kenny
lawrence: larry, laurence, laurie
leonard: len, lenny
lillian: lily, lilly
louise: lou
lucas: luke
madeleine: maddie, madeline
margaret: maggie, meg, megan, peggy, marge, greta
matthew: matt, mattie
maximilian: max
michael: mick, mickey, mike, mikey
mohammed: mohammad, mohamed, mohamad, muhammad, muhammed, muhamed, mohd, md
natalie: nat, natalia
nathaniel: nat, nathan, nate
nicholas: nick, nicky, nico, nicolas
nicola: nicky, nikki
oliver: ollie, olly
olivia: liv, livvy, ollie
pamela: pam
patricia: pat, patsy, tricia, trish
patrick: pat, paddy, padraig
penelope: penny
peter: pete
philip: phil, phillip, pip
rebecca: becca, becky
richard: dick, rich, richie, rick, ricky
robert: bob, bobby, rob, robbie, robin, bert
ronald: ron, ronnie
rosemary: rose, rosie
samantha: sam, sammy
samuel: sam, sammy
sarah: sally, sara
sophia: sophie, sofia
stephanie: steph, stephie
stephen: steve, steven, stevie
susan: sue, susie, suzanne, susanna
terence: terry, terrence
theodore: ted, teddy, theo
theresa: terri, tess, tessa, teresa
thomas: tom, tommy
timothy: tim, timmy
victoria: tori, vicky, vicki, vikki
vincent: vince, vinny
william: bill, billy, liam, will, willie, gwilym
yusuf: yousef, yousuf, youssef, yusef
zachary: zac, zach, zak, zack
"""
"""Given name: how it is shortened or otherwise spelled. Written down for this project from common knowledge; not complete, nor need it be:
a form that is missing costs some weight in a comparison, no more.
"""


def _groups() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in _SHORT_FORMS.strip().splitlines():
        full, short = line.split(": ")
        for form in (full, *short.split(", ")):
            found.setdefault(form, set()).add(full)
    return {form: frozenset(groups) for form, groups in found.items()}


_GROUPS = _groups()


@lru_cache(maxsize=8192)
def forgiving_form(text: str) -> str:
    """Give a name in a form in which slips of writing do not count: equal forms are worth proposing, and prove nothing.

    Beyond what `exact_form` leaves out: blanks, hyphens and apostrophes (O'Brien, O Brien, Obrien); accents on Latin letters, because
    many systems that agencies use can hold none (Siân is Sian there, Łukasz is Lukasz); Mac and Mc; Arabic and Hebrew vowel marks;
    other encodings of the same letter (full width, presentation forms). Vowel signs of Indian scripts count here too.
    """
    exact = exact_form(text)
    if exact.isascii():  # most names, and then nothing else is to be done
        plain = exact.translate(_JOINTS) or exact
    else:
        exact = exact_form(unicodedata.normalize("NFKC", exact))
        plain = _without_marks(exact) or exact
    return _MAC.sub("mc", plain) if plain.startswith("m") else plain


_MAC = re.compile(r"^(?:mac|mc)(?=[a-z]{3})")


def _without_marks(exact: str) -> str:
    letters: list[str] = []
    on_latin = False
    for character in unicodedata.normalize("NFD", exact):
        if unicodedata.category(character) == "Mn":
            if on_latin or character in _ARABIC_VOWELS or character in _HEBREW_POINTS:
                continue
        elif character in _JOINED or character in _ARABIC_VOWELS:
            continue
        else:
            on_latin = character.isalpha() and unicodedata.name(character, "").startswith("LATIN")
        letters.append(character)
    return unicodedata.normalize("NFC", "".join(letters).translate(_PLAIN_LETTERS))


def known_forms(one: str, other: str) -> bool:
    """Whether two given names are forms of one name that people are called by (Bill and William). Equal names are."""
    a, b = forgiving_form(one), forgiving_form(other)
    return a == b or bool(_GROUPS.get(a, frozenset()) & _GROUPS.get(b, frozenset()))


@lru_cache(maxsize=8192)  # the words of many texts are the same
def called_by(name: str) -> frozenset[str]:
    """Give the names, in forgiving form, of which this is a form that people are called by; the name itself where none is known."""
    form = forgiving_form(name)
    return _GROUPS.get(form) or frozenset({form})
