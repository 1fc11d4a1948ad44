"""Notices from a prepared form are those of the long way, byte for byte, whatever happened on the case before."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case, Level
from alertbus.model.events import AlertReachedCase, CaseChanged, Tick, WordsDecided
from alertbus.model.notice import Notice
from alertbus.model.screening import Clue, Revealed
from alertbus.policy.load import load_policy
from alertbus.reach import prepared_notices
from alertbus.reach.follow import follow
from alertbus.reach.notices import notices_for
from alertbus.reach.prepared_notices import PreparedNotices, WrittenNotice
from alertbus.reach.reduce_case import EMPTY, CaseState
from tests.worlds import World, inputs_of, worlds

POLICY = load_policy()
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
CASE: dict[str, Any] = {
    "id": "c1",
    "people": [
        {"key": "adult", "label": "Stepfather", "person_ids": ["id-adult"]},
        {"key": "child", "name": {"given": "Zeb", "family": "Moss"}, "born": "2020-05-01", "person_ids": ["id-child"]},
    ],
    "children": ["child"],
    "links": [{"person": "adult", "relation": "stepfather"}, {"person": "child", "relation": "child"}],
    "involvements": [
        {"agency": "childrens_social_care"},
        {"agency": "school"},
        {"agency": "school", "level": "worker", "worker": "A. Teacher", "from": "2026-01-01", "to": "2026-06-01"},
        {"agency": "probation", "scope": "adult_linked", "adult": "adult"},
        {"agency": "gp", "from": "2026-01-01", "to": "2026-02-20"},
        {"agency": "health_visiting", "from": "2026-04-01"},
    ],
}


def case(**stated: Any) -> Case:
    return Case.model_validate(CASE | stated).learned(None, T0 - timedelta(days=30))


def said(number: int, at: datetime = T0, **stated: Any) -> AcceptedAlert:
    body = {
        "id": f"a{number}",
        "source": "police.north",
        "kind": "other",
        "occurred_at": at - timedelta(hours=number),
        "recorded_at": at,
        "subjects": [{"person": {"label": "him"}}],
        "narrative": [{"text": f"“Words” of {number}."}],
    }
    return AcceptedAlert.of(Alert.model_validate(body | stated), at).with_people((("id-adult",),))


def reached(statement: AcceptedAlert) -> AlertReachedCase:
    return AlertReachedCase(case_id="c1", via="id-adult", alert=statement)


def the_long_way(state: CaseState, event: AlertReachedCase, *, late: bool = False) -> tuple[CaseState, list[WrittenNotice]]:
    """Where nothing else comes of the event, as it does of an alert that arrives `late`."""
    outcome = follow(state, event, POLICY)
    assert late or not [*outcome.notices, *outcome.items]
    return outcome.after, [WrittenNotice.of(told) for told in notices_for(outcome.owed, state, outcome.after, POLICY)]


def as_the_long_way(told: tuple[CaseState, list[WrittenNotice]], long_way: tuple[CaseState, list[WrittenNotice]]) -> bool:
    """The same notices and the same state, but that a tick may come sooner than anything is due: that is harmless."""
    (after, notices), (after_too, notices_too) = told, long_way
    never = datetime.max.replace(tzinfo=UTC)
    sooner = (after.next_at or never) <= (after_too.next_at or never)
    return (
        sooner and notices == notices_too and after.model_copy(update={"next_at": None}) == after_too.model_copy(update={"next_at": None})
    )


def begun(of: Case) -> CaseState:
    return follow(EMPTY, CaseChanged(case=of), POLICY).after


def others_like(event: AlertReachedCase, seconds: list[int]) -> Iterator[AlertReachedCase]:
    """The same event as another alert would have made it: with other ids, another narrative and other times."""
    alert = event.alert.alert
    for number, later in enumerate(seconds):
        at = event.alert.at + timedelta(seconds=later)
        pieces = tuple(piece.model_copy(update={"text": f"Said „otherwise“ \\ {number}"}) for piece in alert.narrative)
        update = {"id": f"{alert.id}~{number}", "amends": None, "narrative": pieces, "occurred_at": at - timedelta(minutes=number)}
        statement = AcceptedAlert.of(alert.model_copy(update={**update, "recorded_at": at}), at)
        found = {"people": event.alert.people, "people_since": event.alert.people_since}
        yield event.model_copy(update={"alert": statement.model_copy(update=found), "others": ()})


PLACES = st.lists(st.sampled_from([0, 1, 60, 3_600, 86_400, 9 * 86_400, 40 * 86_400, -1, -86_400]), min_size=1, max_size=4)
"""Seconds by which another alert counts later, or sooner."""
MORE = st.fixed_dictionaries(
    {
        "born": st.sampled_from([None, date(2015, 1, 2), date(2026, 3, 20)]),
        "died": st.sampled_from([None, None, date(2026, 4, 2)]),
        "worker": st.booleans(),
        "contact": st.sampled_from([None, "Ring 1234"]),
        "agency": st.sampled_from([None, "midwifery", "nursery", "nobody_knows"]),
        "now": st.sampled_from([None, T0 + timedelta(days=20), T0 + timedelta(days=70)]),
    }
)


def with_more(of: Case, more: dict[str, Any]) -> Case:
    people = tuple(one.model_copy(update={"born": more["born"], "died": more["died"]}) for one in of.people)
    involved = of.involvements
    if more["worker"] and involved:
        involved = (*involved, involved[0].model_copy(update={"level": Level.WORKER, "worker": "W. Orker"}))
    if more["agency"] and involved:
        involved = (*involved, involved[0].model_copy(update={"agency": more["agency"]}))
    restated = {**of.model_dump(), "people": [one.model_dump() for one in people], "contact": more["contact"]}
    return Case.model_validate({**restated, "involvements": [one.model_dump() for one in involved]})


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=worlds(), places=PLACES, more=MORE)
def test_whatever_happened_before_the_prepared_form_tells_what_the_long_way_tells(
    world: World, places: list[int], more: dict[str, Any]
) -> None:
    cases, alerts = world
    versions = {case_id: [with_more(one, more) for one in history] for case_id, history in cases.items()}
    notices = PreparedNotices(POLICY)
    for case_id, history in versions.items():
        state = EMPTY
        events: list[Any] = [event for key, event in inputs_of({case_id: history}, []) if key == case_id]
        events[1:1] = [
            AlertReachedCase(case_id=case_id, via=person, alert=found.statement)
            for found in alerts
            for person in found.to
            if any(person in one.person_ids for one in history[0].people)
        ]
        if more["now"]:
            events.insert(len(events) // 2, Tick(case_id=case_id, since=T0, at=more["now"]))
        for event in events:
            if isinstance(event, AlertReachedCase):
                for one in (event, *others_like(event, places), *others_like(event, places[::-1])):
                    told = notices.tell(state, one)
                    assert told is None or as_the_long_way(told, the_long_way(state, one))
            state = follow(state, event, POLICY).after


@pytest.mark.parametrize(
    "kind",
    ["other", "domestic_abuse_incident", "threat_to_staff", "restraining_order_breach", "school_concern", "prisoner_recall", "birth"],
)
@pytest.mark.parametrize("source", ["police.north", "school.123", "childrens_social_care"])
def test_the_second_alert_of_a_kind_is_told_by_the_form_of_the_first(kind: str, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    notices = PreparedNotices(POLICY)
    stated: dict[str, Any] = {
        "kind": kind,
        "source": source,
        "details": {"flag": {"grade": "threat"}, "incident": {"children_present": False}},
    }
    first, second = reached(said(1, **stated)), reached(said(2, T0 + timedelta(hours=2), **stated))
    state = begun(case())
    notices.tell(state, first)
    expected = the_long_way(state, second)
    monkeypatch.setattr(prepared_notices, "reduce_case", lambda *_: pytest.fail("worked out anew"))

    told = notices.tell(state, second)

    assert told == expected
    assert expected[1]


@pytest.mark.parametrize(
    ("stated", "at"),
    [
        ({"severity": "high"}, T0),
        ({"kind": "school_concern"}, T0),
        ({"source": "school"}, T0),
        ({"review_on": "2026-05-01"}, T0),
        ({"children": [{"person": {"label": "her"}, "role": "child"}]}, T0),
        ({"subjects": [{"person": {"label": "him"}, "role": "present"}]}, T0),
        ({"narrative": [{"text": "x", "said_by": "child"}]}, T0),
        ({"referrer": {"anonymous": True}}, T0),
        ({"details": {"conference_invite": True}}, T0),
        ({"details": {"incident": {"children_present": False}}}, T0),
        ({}, T0 + timedelta(days=1)),
        ({}, T0 + timedelta(days=30)),
    ],
)
def test_what_may_make_a_difference_is_another_form(stated: dict[str, Any], at: datetime) -> None:
    notices, state = PreparedNotices(POLICY), begun(case())
    notices.tell(state, reached(said(1)))
    other = said(2, at, **stated)
    other = other.with_people((("id-adult",), ("id-child",))[: len(other.everybody)])

    assert notices.tell(state, reached(other)) == the_long_way(state, reached(other))


TURNS = [
    pytest.param({"involvements": [{"agency": "gp"}, {"agency": "police", "from": "2026-03-02T10:00:00Z"}]}, {}, id="an agency begins"),
    pytest.param({"involvements": [{"agency": "gp"}, {"agency": "school", "to": "2026-03-02T10:00:00Z"}]}, {}, id="an agency ends"),
    pytest.param({"links": [{"person": "adult", "relation": "x", "from": "2026-03-02T10:00:00Z"}]}, {}, id="a link begins"),
    pytest.param({"links": [{"person": "adult", "relation": "x", "to": "2026-03-02T10:00:00Z"}]}, {}, id="a link ends"),
    pytest.param(
        {
            "involvements": [
                {"agency": "gp"},
                {"agency": "gp", "level": "worker", "worker": "A", "from": "2026-01-01", "to": "2026-03-02T10:00:00Z"},
                {"agency": "gp", "level": "worker", "worker": "B", "from": "2026-03-02T10:00:00Z"},
            ]
        },
        {},
        id="a worker hands over",
    ),
    pytest.param({"people": [CASE["people"][0], CASE["people"][1] | {"died": "2026-03-03"}]}, {}, id="somebody dies"),
    pytest.param(
        {"involvements": [{"agency": "gp", "to": "2026-01-20"}]}, {"details": {"conference_invite": True}}, id="too long since it ended"
    ),
]


@pytest.mark.parametrize(("of", "stated"), TURNS)
def test_what_begins_or_ends_between_two_alerts_is_seen(of: dict[str, Any], stated: dict[str, Any]) -> None:
    notices, state = PreparedNotices(POLICY), begun(case(**of))
    events = [reached(said(number, T0 + timedelta(hours=4 * number), **stated)) for number in range(20)]
    long_way = [the_long_way(state, event) for event in events]

    told = [notices.tell(state, event) or pytest.fail("not told") for event in events]
    assert all(map(as_the_long_way, told, long_way))
    shapes = {tuple((one.lane, Notice.model_validate_json(one.json).model_dump_json(exclude=VARYING)) for one in w) for _, w in long_way}
    assert len(shapes) > 1


VARYING: Any = {"id": True, "occurred_at": True, "recorded_at": True, "narrative": True, "obligation": True}


def test_a_flag_heads_the_notices_from_when_it_is_stated_and_no_sooner() -> None:
    notices = PreparedNotices(POLICY)
    flag = said(3, T0 + timedelta(hours=1), kind="violent_person_flag")
    flagged = follow(begun(case()), reached(flag), POLICY).after
    later = [reached(said(number, T0 + timedelta(hours=hours))) for number, hours in ((1, 0), (2, 2), (4, 3))]

    told = [notices.tell(flagged, event) or pytest.fail("not told") for event in later]

    assert told == [the_long_way(flagged, event) for event in later]
    heads = [{Notice.model_validate_json(one.json).flag is not None for one in written} for _, written in told]
    assert [True in head for head in heads] == [False, True, True]


def test_a_flag_that_is_withdrawn_heads_nothing_more() -> None:
    notices = PreparedNotices(POLICY)
    flagged = follow(begun(case()), reached(said(3, kind="violent_person_flag")), POLICY).after
    notices.tell(flagged, reached(said(4, T0 + timedelta(hours=1))))
    withdrawn = said(3, T0 + timedelta(hours=2), kind="violent_person_flag", action="withdrawn")
    state = follow(flagged, reached(withdrawn), POLICY).after
    event = reached(said(5, T0 + timedelta(hours=3)))

    told = notices.tell(state, event)

    assert told == the_long_way(state, event)
    assert not any(Notice.model_validate_json(one.json).flag for one in told[1])


def test_a_new_version_of_the_case_is_asked_anew() -> None:
    notices, state = PreparedNotices(POLICY), begun(case())
    notices.tell(state, reached(said(1)))
    newer = Case.model_validate(CASE | {"contact": "Ring 1234"}).learned(state.case, T0 - timedelta(days=1))
    state = follow(state, CaseChanged(case=newer), POLICY).after

    told = notices.tell(state, reached(said(2)))

    assert told == the_long_way(state, reached(said(2)))
    assert {Notice.model_validate_json(one.json).contact for one in told[1]} == {"Ring 1234"}


def test_an_agency_whose_beginning_the_clock_has_passed_is_told_at_once() -> None:
    notices = PreparedNotices(POLICY)
    state = begun(case(involvements=[{"agency": "gp"}, {"agency": "police", "from": "2026-03-02T10:00:00Z"}]))
    notices.tell(state, reached(said(1, kind="threat_to_staff")))
    state = follow(state, Tick(case_id="c1", since=T0, at=T0 + timedelta(hours=2)), POLICY).after

    late = reached(said(2, T0 + timedelta(seconds=1), kind="threat_to_staff"))

    assert {one.lane for one in the_long_way(state, late, late=True)[1]} >= {"gp/c1", "police/c1"}
    assert notices.tell(state, late) is None


def test_what_was_found_or_decided_about_an_alert_before_it_came_is_answered_the_long_way() -> None:
    notices, state = PreparedNotices(POLICY), begun(case())
    revealing = Revealed(clue=Clue.NAME, where="narrative[0]", person_ids=("id-of-another-family",))
    decided = WordsDecided(case_id="c1", alert_id=said(2).alert_id, statement_id=said(2).statement_id, released=True, at=T0)
    early = follow(state, decided, POLICY).after
    since = {"people_since": {"id-adult": T0 + timedelta(hours=1)}}
    notices.tell(state, reached(said(1)))

    assert notices.tell(state, reached(said(2).model_copy(update={"reveals": (revealing,)}))) is None
    assert notices.tell(early, reached(said(2))) is None
    assert notices.tell(state, reached(said(2).model_copy(update=since))) is None
    assert notices.tell(state, reached(said(2)).model_copy(update={"others": (said(3),)})) is None


@pytest.mark.parametrize("stated", [{"action": "amended", "amends": "a0"}, {"action": "withdrawn"}, {"history": True}])
def test_what_corrects_or_seeds_is_answered_the_long_way(stated: dict[str, Any]) -> None:
    assert PreparedNotices(POLICY).tell(begun(case()), reached(said(1, **stated))) is None


def test_what_opens_an_item_is_answered_the_long_way() -> None:
    assert PreparedNotices(POLICY).tell(begun(case()), reached(said(1, kind="ppn"))) is None


def test_what_arrives_when_somebody_should_have_been_reminded_is_answered_the_long_way() -> None:
    notices, state = PreparedNotices(POLICY), begun(case())
    notices.tell(state, reached(said(1, kind="threat_to_staff")))
    later = follow(state, Tick(case_id="c1", since=T0, at=T0 + timedelta(minutes=30)), POLICY).after

    assert notices.tell(later, reached(said(2, kind="threat_to_staff"))) is None
    assert notices.tell(later, reached(said(3, T0 + timedelta(minutes=1), kind="threat_to_staff"))) is not None


def test_what_is_urgent_while_a_day_team_is_away_is_answered_the_long_way() -> None:
    night = T0 + timedelta(hours=12)

    assert PreparedNotices(POLICY).tell(begun(case()), reached(said(1, night, kind="threat_to_staff"))) is None
    assert PreparedNotices(POLICY).tell(begun(case()), reached(said(1, night))) is not None


def test_the_state_says_when_the_first_is_reminded() -> None:
    state = follow(begun(case()), Tick(case_id="c1", since=T0, at=T0), POLICY).after

    told = PreparedNotices(POLICY).tell(state, reached(said(1, kind="threat_to_staff")))

    assert told is not None
    assert told[0].next_at == T0 + timedelta(minutes=30)


def test_a_statement_that_is_known_on_the_case_is_answered_the_long_way() -> None:
    state = follow(begun(case()), reached(said(1)), POLICY).after

    assert PreparedNotices(POLICY).tell(state, reached(said(1))) is None


def test_no_more_forms_are_kept_than_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared_notices, "REMEMBERED", 2)
    notices, state = PreparedNotices(POLICY), begun(case())
    for number, severity in enumerate(["low", "medium", "high", "critical"]):
        notices.tell(state, reached(said(number, severity=severity)))

    assert len(notices._forms) == 2
