"""What the directory knows of a batch of statements, read in one view of it before any of them is decided: most need nothing else."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, select

from alertbus.directory.claims import held_by, pieces, version_of
from alertbus.directory.marks import Mark
from alertbus.directory.partition import MentionKind
from alertbus.directory.said_in_text import Places
from alertbus.directory.spoken_of import SEVERAL, NamedInText
from alertbus.directory.tables import held, mention

Holding = Mapping[Mark, Mapping[str, tuple[str, ...]]]
"""By mark, the mentions that claim it now, each with its person's ids."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be known of one statement: by which marks its persons are looked for, and what its free text says, None without any."""

    statement_id: str
    scope: str
    people: tuple[frozenset[Mark], ...]
    said: Places | None


@dataclass(slots=True)
class ReadAhead:
    """`version` is the directory's in this view of it. `marks` are those that were looked for, by scope, and `holding` who claims them."""

    version: int = 0
    marks: dict[str, set[Mark]] = field(default_factory=dict)
    holding: dict[str, Holding] = field(default_factory=dict)
    named: dict[str, NamedInText] = field(default_factory=dict)
    looked_for: set[str] = field(default_factory=set)
    """The persons of whom it was asked whether they stand on a case file."""
    on_files: set[str] = field(default_factory=set)

    def holders_of(self, scope: str, marks: Collection[Mark]) -> Holding | None:
        """Who claims these marks; None where one of them was not looked for."""
        if not self.marks.get(scope, set()).issuperset(marks):
            return None
        holding = self.holding[scope]
        return {mark: holding[mark] for mark in marks if mark in holding}

    def forget_people(self) -> None:
        """Somebody may be somebody else now: only what the texts say counts on."""
        self.marks, self.holding, self.looked_for, self.on_files = {}, {}, set(), set()


def read_ahead(connection: Connection, statements: Collection[Asked]) -> ReadAhead:
    """Look up whatever these ask for: as many cost little more than one."""
    found = ReadAhead(version_of(connection))
    for one in statements:
        found.marks.setdefault(one.scope, set()).update(*one.people, one.said or ())
    for scope, marks in found.marks.items():
        found.holding[scope] = held_by(connection, scope, marks)
    for one in statements:
        if one.said is not None:
            holding = found.holding[one.scope]
            held_here = {mark: _persons(holding, mark) for mark in one.said if mark in holding}
            found.named[one.statement_id] = NamedInText(one.said, held_here)
            if held_here or len(one.people) >= SEVERAL:
                found.looked_for |= {person_id for mark in set().union(*one.people) for person_id in _persons(holding, mark)}
                found.looked_for.update(*held_here.values())
    found.on_files = on_case_files(connection, found.looked_for)
    return found


def on_case_files(connection: Connection, person_ids: Collection[str]) -> set[str]:
    """Give those of these ids whose person stands on a case file."""
    found: set[str] = set()
    for some in pieces(sorted(person_ids)):
        found |= set(connection.execute(_ON_FILES, {"person_ids": some}).scalars())
    return found


def _persons(holding: Holding, mark: Mark) -> frozenset[str]:
    return frozenset(person_id for ids in holding.get(mark, {}).values() for person_id in ids)


_ON_FILES = (
    select(held.c.person_id)
    .join(mention, mention.c.mention_id == held.c.mention_id)
    .where(held.c.person_id.in_(bindparam("person_ids", expanding=True)), mention.c.kind == MentionKind.CASE.value)
)
