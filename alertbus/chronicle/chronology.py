"""The chronology: a case's history as it was said, dated, by all its agencies, with who was told (CHR-01)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import orjson
from sqlalchemy import or_, select

from alertbus.chronicle import tables
from alertbus.chronicle.answers import AgencyTold, ChronologyEntry, ObligationStatus
from alertbus.chronicle.reviews import words_released
from alertbus.chronicle.tables import ObligationState
from alertbus.chronicle.views import latest_case, obligations_where, view
from alertbus.model.alert import AcceptedAlert, SaidBy
from alertbus.model.base import Word
from alertbus.model.calendar import day_alone
from alertbus.model.case import Case, CasePerson
from alertbus.model.details import Details, unclassified
from alertbus.model.free_text import without_free_text
from alertbus.model.name_in_words import name_in_words
from alertbus.model.on_case import keyed_fields, said_here
from alertbus.model.screening import Revealed, revealed_to
from alertbus.sql.database import Database, Transaction

People = Sequence[Sequence[str]]


async def chronology_of(engine: Database, case_id: str) -> list[ChronologyEntry]:
    """Give every statement about somebody on the case, told or not, the earliest first. Raises `NotFound` for no such case.

    It is whole and for those who hold the case: nothing is minimised but people of other families, and words that may tell of
    them or of who told, until somebody has released them. An alert whose
    person was taken off the case is left out, unless an agency still holds it on this case.
    """
    return (await case_and_chronology(engine, case_id))[1]


async def case_and_chronology(engine: Database, case_id: str) -> tuple[Case, list[ChronologyEntry]]:
    """Give the case as it stands and its chronology, of one moment. Raises `NotFound` for no such case."""
    async with view(engine) as connection:
        case = await latest_case(connection, case_id)
        owed = await obligations_where(connection, tables.obligation.c.case_id == case_id, datetime.now(UTC))
        by_alert: dict[str, list[ObligationStatus]] = defaultdict(list)
        for one in owed:
            by_alert[one.alert_id].append(one)
        statements = await statements_on(connection, case_id)
        released = await words_released(connection, case_id, {accepted.alert_id for accepted, _ in statements})
    entries = []
    here = {person_id for person in case.people for person_id in person.person_ids}
    for accepted, people in statements:
        obligations = by_alert[accepted.alert_id]
        meets = any(here.intersection(person_ids) for person_ids in people)
        if meets or any(one.state is not ObligationState.WITHDRAWN for one in obligations):
            held = bool(revealed_to(accepted.reveals, case)) and accepted.statement_id not in released
            entries.append(_entry(accepted, people, case, obligations, words_held=held))
    return case, sorted(entries, key=lambda e: (e.occurred_at, e.recorded_at, e.statement_id))


async def statements_on(connection: Transaction, case_id: str) -> list[tuple[AcceptedAlert, People]]:
    """Give the statements that reached the case and those that an obligation on it is about, with person ids where known."""
    said, reached, owed = tables.alert, tables.alert_case, tables.obligation
    query = (
        select(said.c.body, reached.c.people, reached.c.reveals)
        .outerjoin(reached, (reached.c.statement_id == said.c.statement_id) & (reached.c.case_id == case_id))
        .where(
            or_(
                reached.c.case_id == case_id,
                said.c.alert_id.in_(select(owed.c.alert_id).where(owed.c.case_id == case_id)),
            )
        )
    )
    found: list[tuple[AcceptedAlert, People]] = []
    for row in await connection.execute(query):
        reveals = tuple(map(Revealed.model_validate, orjson.loads(row.reveals))) if row.reveals else ()
        statement = AcceptedAlert.model_validate_json(row.body).model_copy(update={"reveals": reveals})
        found.append((statement, orjson.loads(row.people) if row.people else ()))
    return found


def _entry(
    accepted: AcceptedAlert, people: People, case: Case, obligations: Sequence[ObligationStatus], *, words_held: bool
) -> ChronologyEntry:
    alert = accepted.alert
    met = _met(accepted, people, case)
    about = [_called(person, role) for person, role in met]
    from_a_child = any(piece.said_by is SaidBy.CHILD for piece in alert.narrative)
    hidden = from_a_child or alert.anonymous or any(one.do_not_reveal_source for one in obligations)
    said = said_here(accepted.with_people(tuple(map(tuple, people))), case)
    details = without_free_text(said) if words_held else said
    return ChronologyEntry(
        statement_id=accepted.statement_id,
        alert_id=accepted.alert_id,
        occurred_at=day_alone(alert.occurred_at) if hidden else alert.occurred_at,
        recorded_at=day_alone(alert.recorded_at) if hidden else alert.recorded_at,
        agency=alert.agency,
        source=alert.source,
        source_id=alert.amends or alert.id,
        kind=alert.kind,
        action=alert.action,
        severity=alert.severity,
        about=tuple(about),
        children=tuple(key for key in case.children if key in {person.key for person, _ in met} | _seen_or_not(details)),
        others=len(accepted.everybody) - len(about),
        narrative=() if words_held else alert.words,
        # What nobody has classified is shown to nobody (fail closed); the referrer's reference is sealed.
        details=details.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=set(unclassified(alert.details))),
        known_as={person.key: person.shown for person in case.people if person.key in _keys_in(details)},
        told=tuple(
            AgencyTold(
                agency=one.agency,
                role=one.role,
                state=one.state,
                since=one.since,
                deed=one.deed,
                ended_at=one.ended_at,
                acknowledged_by=one.acknowledged_by,
                acknowledged_at=one.acknowledged_at,
                copied_to=one.copied_to,
            )
            for one in obligations
        ),
        history=alert.history,
        do_not_reveal_source=hidden,
        words_held=words_held,
    )


def _keys_in(details: Details) -> frozenset[str]:
    """The keys of people that stand in the details, by which the case calls them something."""
    sections = (getattr(details, name) for name in details.model_fields_set & Details.model_fields.keys())
    stated = (getattr(one, name, None) for one in sections if isinstance(one, Word) for name in keyed_fields(type(one)))
    return frozenset(key for keys in stated if keys for key in ((keys,) if isinstance(keys, str) else keys))


def _seen_or_not(details: Details) -> frozenset[str]:
    """The keys of whom a contact says that they were seen, or not (VOI-05)."""
    met = details.contact
    return frozenset() if met is None else frozenset((*met.seen, *met.seen_alone, *met.not_seen))


def _met(accepted: AcceptedAlert, people: People, case: Case) -> list[tuple[CasePerson, str]]:
    """The people of this case it is about, each with their part in it."""
    by_id: Mapping[str, CasePerson] = {i: person for person in case.people for i in person.person_ids}
    found = []
    for subject, person_ids in zip(accepted.everybody, people, strict=False):
        if person := next((by_id[i] for i in person_ids if i in by_id), None):
            found.append((person, subject.role))
    return found


def _called(person: CasePerson, part: str) -> str:
    """Somebody as the case calls them, with their role where it says something, and the day on which they died, if they did (NOT-26)."""
    role = "" if part in {"subject", "child"} else name_in_words(part)
    asides = ", ".join(filter(None, (role, f"died {person.died}" if person.died else "")))
    return f"{person.shown} ({asides})" if asides else person.shown
