"""Comparing many people: families stated twice with slips, of which few are missed and nobody is joined with a brother or a sister.

The sample is made by `bench/matching/sample.py`; figures on FEBRL's larger data stand in `bench/matching/README.md`.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import product
from pathlib import Path

from alertbus.directory.comparing import Comparison, blocks, compare, exact_marks
from alertbus.model.person import Person
from alertbus.policy.load import load_policy

RULES = load_policy().identity
ROWS = list(csv.DictReader((Path(__file__).parents[1] / "data/matching/sample.csv").read_text(encoding="utf-8").splitlines()))
AS_THEY_ARE, AS_STATED = ([row for row in ROWS if row["record"].endswith(end)] for end in ("-a", "-b"))
BORN = {row["person"]: row["born"] for row in AS_THEY_ARE}

Pair = tuple[int, int]


def _person(row: dict[str, str]) -> Person:
    return Person.model_validate(
        {
            "name": {"given": row["given"] or None, "family": row["family"] or None},
            "born": row["born"] or None,
            "addresses": [{"lines": [row["line"]], "postcode": row["postcode"]}],
        }
    )


PEOPLE = [_person(row) for row in AS_THEY_ARE]
STATED = [_person(row) for row in AS_STATED]


def _meet(keys: Callable[[Person], Iterable[str]]) -> set[Pair]:
    """Give the pairs of a person and a statement that share a key."""
    holders: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, people in enumerate((PEOPLE, STATED)):
        for at, somebody in enumerate(people):
            for key in keys(somebody):
                holders[key][side].append(at)
    return {pair for first, second in holders.values() for pair in product(first, second)}


@lru_cache(maxsize=1)
def _compared() -> dict[Pair, Comparison]:
    return {(a, b): compare(PEOPLE[a], STATED[b], RULES) for a, b in _meet(blocks)}


def _right(pair: Pair) -> bool:
    return AS_THEY_ARE[pair[0]]["person"] == AS_STATED[pair[1]]["person"]


def test_an_index_finds_nearly_every_statement_and_few_strangers() -> None:
    found = _compared()

    assert sum(map(_right, found)) >= 0.98 * len(PEOPLE)
    assert len(found) < 4 * len(PEOPLE)


def test_nearly_every_statement_is_proposed() -> None:
    proposed = [pair for pair, compared in _compared().items() if compared.proposes]

    assert sum(map(_right, proposed)) >= 0.97 * len(PEOPLE)


def test_nobody_but_a_twin_is_proposed_wrongly() -> None:
    wrong = [pair for pair, compared in _compared().items() if compared.proposes and not _right(pair)]
    of_twins = [
        (a, b)
        for a, b in wrong
        if AS_THEY_ARE[a]["family_id"] == AS_STATED[b]["family_id"] and BORN[AS_THEY_ARE[a]["person"]] == BORN[AS_STATED[b]["person"]]
    ]

    assert of_twins, "the sample has twins, and a person must decide about them"
    assert len(wrong) - len(of_twins) <= 0.005 * len(PEOPLE)


def test_nobody_is_joined_with_somebody_else() -> None:
    joined = _meet(lambda somebody: exact_marks(somebody, RULES))

    assert [pair for pair in joined if not _right(pair)] == []
    assert len(joined) >= 0.4 * len(PEOPLE)
