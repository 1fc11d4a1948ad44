"""Whatever the model takes: every word that stands on a topic, with the oddest values that its fields allow. For laws about all records."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from alertbus.model.alert import KINDS, AcceptedAlert, Action, Alert, SaidBy, Severity
from alertbus.model.base import Word
from alertbus.model.case import Case, Certainty, Level, Scope
from alertbus.model.events import (
    ALERT_ACCEPTED,
    CASE_RECORDED,
    NOTICE_OWED,
    RECEIPT_GIVEN,
    AlertAboutPerson,
    AlertReachedCase,
    CaseChanged,
    IdentifyAgain,
    LinkChanged,
    MessageKept,
    PersonRevised,
    ReviewNeeded,
    ReviewReason,
    Tick,
)
from alertbus.model.identifiers import Identifier
from alertbus.model.identity import PersonMerged, PersonPointer, PersonSplit, ReviewDecided, ReviewOutcome
from alertbus.model.notice import Cause, Deed, Excerpt, Notice, NoticePerson, Obligation
from alertbus.model.person import Address, Name
from alertbus.model.receipt import ANSWERS, Intent, Receipt, Stage
from alertbus.model.team import Answering, Team

EDGES = [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), datetime(1, 1, 1, 0, 0, 30, tzinfo=UTC)]
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
ORDINARY = st.timedeltas(timedelta(0), timedelta(days=4000)).map(lambda later: datetime(2020, 1, 1, tzinfo=UTC) + later)


def _exists(moment: datetime) -> bool:
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return False
    return True


moments = st.one_of(ORDINARY, st.sampled_from(EDGES), st.datetimes(timezones=OFFSETS).filter(_exists))
days = st.one_of(st.sampled_from([date.min, date.max]), st.dates())
texts = st.one_of(st.sampled_from(["", "=cmd()", "\x1b[2J", "\0", "<script>", "\u202e", "a\r\nb", "é🚪"]), st.text(max_size=20))
words = texts.filter(bool)
names = st.sampled_from(["a-1", "a-2", "a-3"])
cases = st.sampled_from(["case-1", "case-2"])
agencies = st.sampled_from(["gp", "police", "school", "housing", "health_visiting", "probation", "nobody_knows"])
exercises = st.sampled_from([None, None, None, "x1"])
numbers = st.sampled_from([0, 1, 7, 10**9])
person_ids = st.sampled_from(["00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b", "p\0", "p-3"])


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


def some(strategy: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


identifiers = st.sampled_from([Identifier(system="crn", value="X123456"), Identifier(system="pnc", value="1975/0002828P")])
addresses = st.builds(
    Address, uprn=optional(st.sampled_from(["1", "100012345678"])), lines=some(texts), postcode=optional(texts.map(lambda t: t[:10]))
)
full_names = st.builds(Name, given=optional(texts), family=optional(texts))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)
"""No fractions: those that are no number have no JSON."""

_PERSON: Mapping[str, Any] = {
    "label": optional(texts),
    "identifiers": some(identifiers),
    "name": optional(full_names),
    "born": optional(days.filter(lambda day: day >= date(1900, 1, 1))),
    "addresses": some(addresses),
}


def _made(model: type[Word], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(fields).map(model.model_validate)


people = st.fixed_dictionaries({"role": st.sampled_from(["subject", "present", "child"]), "person": st.fixed_dictionaries(dict(_PERSON))})
details = st.fixed_dictionaries(
    {},
    optional={
        "release": st.fixed_dictionaries({"date": optional(days), "conditions": some(texts)}),
        "flag": st.fixed_dictionaries({"precautions": some(texts)}),
        "incident": st.fixed_dictionaries(
            {"reference": optional(texts), "home_conditions": optional(texts), "children_present": optional(st.booleans())}
        ),
        "status": texts,
        "nobody_classified_this": JSON,
    },
)
alerts = _made(
    Alert,
    id=names,
    source=st.sampled_from(["police.north", "school.123456", "hmpps"]),
    kind=st.sampled_from([*sorted(KINDS), "unheard_of"]),
    action=st.sampled_from(Action),
    occurred_at=moments,
    recorded_at=moments,
    subjects=st.lists(people, min_size=1, max_size=2),
    children=st.lists(people, max_size=1),
    narrative=st.lists(st.fixed_dictionaries({"text": words, "said_by": st.sampled_from(SaidBy)}), max_size=2),
    severity=st.sampled_from(Severity),
    review_on=optional(days),
    details=details,
    lawful_basis=optional(texts),
    history=st.booleans(),
    exercise=exercises,
)


@st.composite
def statements(draw: st.DrawFn) -> AcceptedAlert:
    said = AcceptedAlert.of(draw(alerts), draw(moments), draw(optional(moments)), draw(optional(moments)))
    people_ids = tuple(draw(some(person_ids)) for _ in said.everybody)
    claimed = draw(st.sampled_from([None, ("",) * len(people_ids), (None,) * len(people_ids)]))
    since = draw(st.dictionaries(person_ids, moments, max_size=1))
    return said.with_people(people_ids).model_copy(update={"people_version": draw(numbers), "people_since": since, "claimed": claimed})


@st.composite
def spells(draw: st.DrawFn) -> dict[str, Any]:
    found = {"from": draw(optional(st.one_of(days, moments))), "to": None, "known_at": draw(optional(moments))}
    return found | ({"to": draw(st.one_of(days, moments))} if found["from"] is None else {})


@st.composite
def snapshots(draw: st.DrawFn) -> Case:
    keys = ["child", "adult"]
    persons = [
        {"key": key, "died": draw(optional(days)), "person_ids": draw(some(person_ids))} | {n: draw(s) for n, s in _PERSON.items()}
        for key in keys
    ]
    one = st.sampled_from(keys)
    return Case.model_validate(
        {
            "id": draw(cases),
            "version": draw(numbers),
            "people": persons,
            "children": ["child"],
            "status": draw(optional(texts)),
            "links": [{"person": draw(one), "relation": draw(texts), "certainty": draw(st.sampled_from(Certainty)), **draw(spells())}],
            "involvements": [
                {
                    "agency": draw(agencies),
                    "scope": scope,
                    "level": draw(st.sampled_from(Level)),
                    "worker": draw(optional(texts)),
                    "adult": "adult",
                    **draw(spells()),
                }
                for scope in draw(some(st.sampled_from(Scope)))
            ],
            "episodes": [{"type": draw(texts), "children": ["child"], **draw(spells())}],
            "exercise": draw(exercises),
            "known_at": draw(optional(moments)),
        }
    )


obligations = _made(
    Obligation,
    id=st.sampled_from(["owed-1", "owed-2"]),
    alert_id=names,
    case_id=cases,
    agency=agencies,
    role=words,
    kind=st.sampled_from([*sorted(KINDS), "unheard_of"]),
    severity=st.sampled_from(Severity),
    source=st.sampled_from(["police.north", "hmpps"]),
    source_id=words,
    since=moments,
    due=optional(moments),
    cause=st.sampled_from(Cause),
    exercise=exercises,
)
shown = st.builds(
    NoticePerson,
    ref=st.sampled_from(["child", "adult"]),
    child=st.booleans(),
    role=optional(st.sampled_from(["subject", "present"])),
    relation=optional(texts),
    certainty=optional(st.sampled_from(["putative", "confirmed"])),
    label=optional(texts),
    name=optional(full_names),
    born=optional(days),
    identifiers=some(identifiers),
    addresses=some(addresses),
)
excerpts = st.builds(lambda text, by, first: Excerpt.of(text, by, observed_first_hand=first), texts, st.sampled_from(SaidBy), st.booleans())
notices = st.builds(
    Notice,
    id=st.sampled_from(["n-1", "n-2", "3b6f1f0e-58a7-5c1b-9d3e-0a6a4a1f2b3c"]),
    deed=st.sampled_from(Deed),
    obligation=obligations,
    recipient=optional(texts),
    answering=optional(st.builds(Answering, who=optional(texts), desk=optional(texts), trail=some(texts))),
    because=texts,
    flag=optional(texts),
    rule=texts,
    sector=st.sampled_from(["health", "police", "education", "housing", "probation", "unknown"]),
    title=texts,
    occurred_at=moments,
    recorded_at=moments,
    narrative=some(excerpts),
    summary=texts,
    action=texts,
    contact=optional(texts),
    children=some(shown),
    people=some(shown),
    details=st.builds(dict, details),
    case_status=optional(texts),
    review_on=optional(days),
    do_not_reveal_source=st.booleans(),
    lawful_basis=texts,
    policy_version=texts,
    withheld=some(st.sampled_from(["identity", "address"])),
)


@st.composite
def receipts(draw: st.DrawFn) -> Receipt:
    stage = draw(st.sampled_from(Stage))
    said: dict[str, Any] = {
        "id": draw(names),
        "notice_id": draw(st.sampled_from(["n-1", "n-2"])),
        "obligation_id": draw(st.sampled_from(["owed-1", "owed-2"])),
    }
    said |= {
        "alert_id": draw(names),
        "case_id": draw(cases),
        "agency": draw(agencies),
        "stage": stage,
        "at": draw(moments),
        "detail": draw(optional(texts)),
    }
    if stage in ANSWERS:
        said |= {"by": draw(words), "intent": draw(st.sampled_from(Intent)), "note": draw(words), "role": draw(optional(texts))}
        said["to"] = draw(optional(words))
    if stage is Stage.UNDONE:
        said["undoes"] = draw(names)
    if stage is Stage.COPIED:
        said["channel"] = draw(st.sampled_from(["inbox", "paper"]))
    return Receipt.model_validate(said)


questions = _made(
    ReviewNeeded,
    id=names,
    reason=st.sampled_from(ReviewReason),
    at=moments,
    alert_id=optional(names),
    person_ids=some(person_ids),
    source=optional(words),
    detail=optional(texts),
)
decisions = _made(
    ReviewDecided,
    id=names,
    outcome=st.sampled_from(ReviewOutcome),
    at=moments,
    by=words,
    person_id=optional(person_ids),
    note=optional(texts),
)
pointers = st.one_of(
    identifiers.map(lambda one: PersonPointer(identifier=one)),
    st.builds(PersonPointer, case_id=cases, key=st.sampled_from(["child", "adult"])),
    st.builds(PersonPointer, alert_id=names, entry=st.integers(0, 3)),
)
_WHO = {
    "id": names,
    "source": st.sampled_from(["prison", "mash"]),
    "at": moments,
    "by": optional(texts),
    "exercise": exercises,
    "taken_back": st.booleans(),
}


def _who(model: type[PersonMerged | PersonSplit]) -> st.SearchStrategy[Any]:
    return st.builds(model, people=st.lists(pointers, min_size=2, max_size=3).map(tuple), **_WHO)


links_changed = st.builds(
    lambda case, person_id: LinkChanged(
        person_id=person_id, case_id=case.id, version=case.version, links=case.links, exercise=case.exercise
    ),
    snapshots(),
    person_ids,
)
staff = texts.map(lambda text: f"Worker {text}")


@st.composite
def teams(draw: st.DrawFn) -> Team:
    members = [
        {"name": draw(staff), "roles": draw(some(st.sampled_from(["social_worker", "team_manager"]))), **draw(spells())} for _ in "ab"
    ]
    absences = [{"who": draw(st.sampled_from(members))["name"], "cover": draw(optional(staff)), **draw(spells())}]
    said = {"id": draw(st.sampled_from(["gp.a", "gp.b"])), "agency": "gp", "name": draw(staff), "members": members, "absences": absences}
    return Team.model_validate(said | {"deputy": draw(optional(staff)), "version": draw(numbers), "known_at": draw(optional(moments))})


kept = _made(MessageKept, ref=names, source=words, received_at=moments, media_type=texts, reason=texts, digest=texts, body=st.just("AAA="))

BY_TYPE: Mapping[str, st.SearchStrategy[Word]] = {
    ALERT_ACCEPTED: statements(),
    IdentifyAgain.type: st.builds(IdentifyAgain, alert=statements()),
    AlertAboutPerson.type: st.builds(AlertAboutPerson, person_id=person_ids, alert=statements()),
    AlertReachedCase.type: st.builds(AlertReachedCase, case_id=cases, via=person_ids, alert=statements()),
    CASE_RECORDED: snapshots(),
    CaseChanged.type: st.builds(CaseChanged, case=snapshots()),
    LinkChanged.type: links_changed,
    PersonRevised.type: st.builds(PersonRevised, person_id=person_ids, version=numbers, at=moments),
    Tick.type: st.builds(Tick, case_id=cases, since=moments, at=moments),
    NOTICE_OWED: notices,
    RECEIPT_GIVEN: receipts(),
    ReviewNeeded.type: questions,
    ReviewDecided.type: decisions,
    PersonMerged.type: _who(PersonMerged),
    PersonSplit.type: _who(PersonSplit),
    MessageKept.type: kept,
    Team.type: teams(),
}
"""By the type of its event, every word that is read as a model."""
