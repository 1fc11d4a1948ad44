"""Judge the product's own comparison on FEBRL3, FEBRL4 and the sample: what it proposes, what it joins without asking, and what it misses.

    python bench/matching/judge.py

It uses `blocks`, `compare` and `exact_marks` as the directory does, with the rules of the shipped policy. FEBRL's social security number is
of no system of ours, so it is left out; the last line of each says what joins by itself when it counts as a number that identifies alone.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from time import perf_counter

import febrl

from alertbus.directory.comparing import blocks, compare, exact_marks
from alertbus.model.person import Person
from alertbus.policy.load import load_policy

RULES = load_policy().identity
SAMPLE = Path(__file__).parents[2] / "tests/data/matching/sample.csv"
THRESHOLDS = (-4.0, -3.0, -2.0, -1.0, 0.0, 2.0)

Pair = tuple[str, str]


@dataclass(frozen=True)
class Data:
    """Statements about people by their record's id, whom each is about, and the number each gives."""

    name: str
    people: dict[str, Person]
    about: dict[str, str]
    numbers: dict[str, str]
    across: bool
    """Whether only a statement of one file is compared with one of the other."""
    births: dict[str, str]
    """Where it is known: the family and true birthday of each, which twins share."""

    def right(self, pair: Pair) -> bool:
        return self.about[pair[0]] == self.about[pair[1]]

    def twins(self, pair: Pair) -> bool:
        return not self.right(pair) and self.births[pair[0]] == self.births[pair[1]]

    def pairs(self, keys: dict[str, Iterable[str]]) -> set[Pair]:
        """Give the pairs of records that share a key."""
        holders: dict[str, list[str]] = defaultdict(list)
        for record, own in keys.items():
            for key in own:
                holders[key].append(record)
        found = (pair for group in holders.values() for pair in combinations(sorted(group), 2))
        return {(a, b) for a, b in found if not self.across or a[:2] != b[:2]}


def of_febrl(name: str, *files: str) -> Data:
    rows = {f"{place} {key}": (key, *row) for place, file in enumerate(files) for key, row in febrl.read(file).items()}
    return Data(
        name,
        {record: person for record, (_, person, _) in rows.items()},
        {record: febrl.entity(key) for record, (key, _, _) in rows.items()},
        {record: number for record, (_, _, number) in rows.items()},
        across=len(files) > 1,
        births={},
    )


def of_sample() -> Data:
    rows = {f"{row['record'][-1]} {row['record']}": row for row in csv.DictReader(SAMPLE.read_text(encoding="utf-8").splitlines())}
    about = {record: row["person"] for record, row in rows.items()}
    people = {
        record: Person.model_validate(
            {
                "name": {"given": row["given"] or None, "family": row["family"] or None},
                "born": row["born"] or None,
                "addresses": [{"lines": [row["line"]], "postcode": row["postcode"]}],
            }
        )
        for record, row in rows.items()
    }
    births = {about[record]: f"{row['family_id']} {row['born']}" for record, row in rows.items() if record.startswith("a ")}
    return Data("sample", people, about, {}, across=True, births={record: births[person] for record, person in about.items()})


def judge(data: Data) -> None:
    size = Counter(data.about.values())
    true = len(data.people) // 2 if data.across else sum(n * (n - 1) // 2 for n in size.values())
    candidates = data.pairs({record: blocks(person) for record, person in data.people.items()})
    found = sum(map(data.right, candidates))
    started = perf_counter()
    scores = {(a, b): compare(data.people[a], data.people[b], RULES).score for a, b in candidates}
    each = (perf_counter() - started) / len(candidates) * 1e6
    print(f"\n{data.name}: {true} true pairs; {len(candidates)} candidates, {found / true:.4f} of the true among them; {each:.0f} us each")
    for threshold in THRESHOLDS:
        proposed = [pair for pair, score in scores.items() if score >= threshold]
        right = sum(map(data.right, proposed))
        wrong = len(proposed) - right
        print(
            f"  threshold {threshold:4}: precision {right / len(proposed):.4f}, recall {right / true:.4f}, wrong {wrong}"
            f"{f', of them twins {sum(map(data.twins, proposed))}' if data.births else ''}"
            f"{'   <- shipped' if threshold == RULES.threshold else ''}"
        )
    _joins(data, true)


def _joins(data: Data, true: int) -> None:
    marks = data.pairs({record: exact_marks(person, RULES) for record, person in data.people.items()})
    numbers = data.pairs({record: [number] for record, number in data.numbers.items() if number})
    for what, joined in (("exact marks", marks), ("exact marks or the number", marks | numbers)):
        if joined != marks or what == "exact marks":
            wrong = [pair for pair in joined if not data.right(pair)]
            print(f"  joined by {what}: {len(joined) - len(wrong)} right ({(len(joined) - len(wrong)) / true:.3f}), {len(wrong)} wrong")


if __name__ == "__main__":
    for data in (of_febrl("FEBRL4", "dataset4a", "dataset4b"), of_febrl("FEBRL3", "dataset3"), of_sample()):
        judge(data)
