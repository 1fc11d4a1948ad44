"""A question for a person as its page shows it: the evidence side by side, and words with what was found in them. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from alertbus.desk.in_words import agency, day
from alertbus.directory.comparing import ADDRESS, DATE_OF_BIRTH, FAMILY_NAME, GIVEN_NAME
from alertbus.intake.held_words import PieceHeld
from alertbus.intake.side_by_side import CandidateShown, PersonInPlace, SideBySide
from alertbus.model.name_in_words import begun
from alertbus.model.person import Address, Person
from alertbus.model.screening import Clue
from alertbus.plugin.wording import plain

AGREES, DIFFERS, UNSAID = "agrees", "differs", "unsaid"
"""What is known of one field: it agrees, also where only nearly; it differs; or one of the two does not state it."""

CALLED = "called"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

CLUES: Mapping[str, str] = MappingProxyType(
    {
        Clue.PERSON: "somebody of another family, whom the alert is also about",
        Clue.NAME: "a name",
        Clue.NHS_NUMBER: "an NHS number",
        Clue.UPN: "a pupil number",
        Clue.ULN: "a learner number",
        Clue.PNC: "a PNC number",
        Clue.CRO: "a CRO number",
        Clue.CRN: "a CRN",
        Clue.PRISON_NUMBER: "a prison number",
        Clue.POSTCODE: "a postcode",
        Clue.ADDRESS: "a house and street",
        Clue.CALLER: "a hint at who told",
    }
)
"""What words may give away, by class (`model.screening`)."""


@dataclass(frozen=True, slots=True)
class EvidenceCell:
    """What one candidate has of one field, and how it compares with the person in question. `how`: the degree, in words."""

    values: tuple[str, ...]
    verdict: str
    how: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One field: what is stated of the person in question, and a cell for each candidate."""

    field: str
    asked: tuple[str, ...]
    cells: tuple[EvidenceCell, ...]


@dataclass(frozen=True, slots=True)
class EvidenceColumn:
    """One candidate: by what letter the page calls them, and on which cases they stand."""

    letter: str
    person_id: str
    cases: tuple[str, ...]
    contradicts: bool


@dataclass(frozen=True, slots=True)
class MarkedPart:
    """A stretch of words: plain, or something that was found, with what it is and on which cases stand those to whom it may lead."""

    text: str
    found: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MarkedPiece:
    """A piece of the held words. `unplaced`: what was found when it came and is not found there now."""

    title: str
    parts: tuple[MarkedPart, ...]
    unplaced: tuple[str, ...]


def columns_of(people: SideBySide) -> tuple[EvidenceColumn, ...]:
    """Give a column for each candidate: A to Z, then A2 to Z2."""
    size = len(LETTERS)
    return tuple(
        EvidenceColumn(f"{LETTERS[n % size]}{n // size + 1 if n >= size else ''}", one.person_id, one.cases, one.contradicts)
        for n, one in enumerate(people.candidates)
    )


def evidence_rows(people: SideBySide) -> tuple[EvidenceRow, ...]:
    """Give a row for each field of which anything is stated or known, the same fields for all."""
    asked = _values([people.in_question] if people.in_question else [])
    others = [_values(one.places) for one in people.candidates]
    known = [_verdicts(one) for one in people.candidates]
    stated: list[str] = [field for some in (asked, *others) for field in some] + [field for some in known for field in some]
    fields = dict.fromkeys([GIVEN_NAME, FAMILY_NAME, DATE_OF_BIRTH, ADDRESS, *stated])
    rows = []
    for field in sorted(fields, key=lambda one: one == CALLED):
        cells = tuple(_cell(field, values, verdicts) for values, verdicts in zip(others, known, strict=True))
        rows.append(EvidenceRow(field, asked.get(field, ()), cells))
    return tuple(rows)


def marked(pieces: Iterable[PieceHeld]) -> tuple[MarkedPiece, ...]:
    """Cut each piece where something was found in it. What overlaps is one stretch, which says all that it gives away."""
    return tuple(
        MarkedPiece(
            _where(piece.where),
            tuple(_parts(piece)),
            tuple(CLUES.get(clue, plain(clue)) for clue in piece.clues if clue not in {one.clue for one in piece.found}),
        )
        for piece in pieces
    )


def clue_lines(clues: Iterable[str]) -> list[str]:
    """What was found, by class and place, for whoever may not read the words themselves."""
    found = [f"{CLUES.get(clue, plain(clue))}, in {_where(where)}" for clue, where in map(_clue, clues)]
    return [begun(line) for line in found]


def agencies_in_words(names: Sequence[str]) -> str:
    """`Police, School (123456) and Midwifery`."""
    called = [agency(name) for name in names]
    return " and ".join(filter(None, (", ".join(called[:-1]), called[-1]))) if called else ""


def _clue(line: str) -> tuple[str, str]:
    clue, _, where = line.partition(" in ")
    return clue, where


def _where(path: str) -> str:
    """`narrative[0]` as `statement 1`; a field of the details by its own name."""
    head, _, number = path.partition("[")
    ordinal = int(number.rstrip("]")) + 1 if number.rstrip("]").isdigit() else None
    words = {"narrative": "statement", "subjects": "person", "children": "child"}.get(head)
    if words is None:
        words = ", ".join(plain(part) for part in head.removeprefix("details.").split("."))
    return words if ordinal is None else f"{words} {ordinal}"


def _parts(piece: PieceHeld) -> Iterator[MarkedPart]:
    at = 0
    stretches: list[tuple[int, int, list[str], list[str]]] = []
    for one in piece.found:
        words = CLUES.get(one.clue, plain(one.clue))
        if stretches and one.start < stretches[-1][1]:
            start, end, found, cases = stretches.pop()
            stretches.append((start, max(end, one.end), [*found, words], [*cases, *one.cases]))
        else:
            stretches.append((one.start, one.end, [words], list(one.cases)))
    for start, end, found, cases in stretches:
        if at < start:
            yield MarkedPart(piece.text[at:start])
        yield MarkedPart(piece.text[start:end], tuple(dict.fromkeys(found)), tuple(dict.fromkeys(cases)))
        at = end
    if at < len(piece.text):
        yield MarkedPart(piece.text[at:])


def _verdicts(one: CandidateShown) -> dict[str, tuple[str, str]]:
    """By field, whether it agrees and how far. What differs anywhere stands before what agrees elsewhere."""
    found: dict[str, tuple[str, str]] = {}
    for verdict, lines in ((AGREES, one.agrees), (DIFFERS, one.differs)):
        for line in lines:
            field, _, how = line.partition(": ")
            found[field] = (verdict, how)
    return found


def _cell(field: str, values: Mapping[str, tuple[str, ...]], verdicts: Mapping[str, tuple[str, str]]) -> EvidenceCell:
    verdict, how = verdicts.get(field, ("" if field == CALLED else UNSAID, ""))
    return EvidenceCell(values.get(field, ()), verdict, "" if how in {"same", "different"} else how)


def _values(places: Sequence[PersonInPlace]) -> dict[str, tuple[str, ...]]:
    """Everything that is stated of somebody in these places, each value once, by field; empty for who may not read case files."""
    found: dict[str, dict[str, None]] = {}
    for place in places:
        for field, value in _stated(place.person) if place.person else ():
            found.setdefault(field, {})[value] = None
    return {field: tuple(values) for field, values in found.items()}


def _stated(person: Person) -> Iterator[tuple[str, str]]:
    if person.name and person.name.given:
        yield GIVEN_NAME, person.name.given
    if person.name and person.name.family:
        yield FAMILY_NAME, person.name.family
    if person.born:
        yield DATE_OF_BIRTH, f"{person.born.day} {day(person.born).split()[2]} {person.born.year}"
    for address in person.addresses:
        yield ADDRESS, _on_one_line(address)
    for number in person.identifiers:
        yield number.system.label, number.value
    if person.label:
        yield CALLED, person.label


def _on_one_line(address: Address) -> str:
    return ", ".join(filter(None, (*address.lines, address.postcode, address.uprn and f"UPRN {address.uprn}")))
