"""Who answers for an agency now: worker, cover, deputy, manager, duty, desk; and never nobody in silence (TUR-05, TUR-06, TUR-15, OOH-06)."""

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alertbus.model.case import UK
from alertbus.model.team import Answering, Team, worker_ref
from alertbus.policy.load import load_policy
from alertbus.policy.policy import Policy
from alertbus.staff.answering import NOBODY, answering
from alertbus.staff.covering import Inquiry, answers_for, last_absence
from alertbus.staff.hours import is_open, next_opening
from alertbus.staff.staffing import Staffing
from alertbus.staff.unstaffed import unstaffed

CSC = "childrens_social_care"
SHIPPED = load_policy()
POLICY = SHIPPED.model_copy(update={"agencies": {**SHIPPED.agencies, CSC: SHIPPED.agencies[CSC].model_copy(update={"out_of_hours": None})}})
"""Without a desk of the agency's own for the hours in which its teams are closed."""
MONDAY = datetime(2026, 12, 7, 10, 0, tzinfo=UTC)
SUNDAY_NIGHT = datetime(2026, 12, 6, 3, 0, tzinfo=UTC)
OFFICE = {"opens": "09:00", "closes": "17:00"}


def team(word: str = "duty", **said: Any) -> Team:
    agency = said.pop("agency", CSC)
    return Team.model_validate({"id": f"{agency}.{word}", "agency": agency, "name": f"{word.capitalize()} team"} | said)


def member(name: str, *roles: str, **spell: Any) -> dict[str, Any]:
    return {"name": name, "roles": list(roles)} | spell


def ask(teams: Iterable[Team], worker: str | None = None, *, role: str = "social_worker", at: datetime = MONDAY, **more: Any) -> Answering:
    return answering(Staffing(teams), more.pop("agency", CSC), role, worker, at, more.pop("policy", POLICY), **more)


ADA, JO, KIM, LEE, PAT = "Ada Obi", "Jo Bloggs", "Kim Lee", "Lee Chan", "Pat Lane"
AWAY = {"who": ADA, "from": "2026-12-01", "to": "2026-12-14"}


def test_where_an_agency_has_no_teams_it_is_whom_the_case_names_and_nothing_more_is_said() -> None:
    assert ask([team(agency="police")], ADA) == Answering(who=ADA)
    assert ask([], None) == Answering()


def test_whoever_is_named_and_there_answers_and_is_spelt_as_their_team_does() -> None:
    found = ask([team(members=[member(ADA)])], "ADA  OBI")

    assert found == Answering(who=ADA, team=f"{CSC}.duty", trail=("Ada Obi answers (named on the case)",))


def test_tur_05_an_absent_workers_cover_answers_and_the_trail_says_until_when() -> None:
    found = ask([team(members=[member(ADA), member(JO)], absences=[AWAY | {"cover": JO}])], ADA)

    assert found.who == JO
    assert found.trail == (
        "Ada Obi (named on the case) is absent until 14 December 2026; covered by Jo Bloggs",
        "Jo Bloggs answers (covers for Ada Obi)",
    )


def test_tur_05_on_the_day_of_return_the_worker_answers_again() -> None:
    teams = [team(members=[member(ADA), member(JO)], absences=[AWAY | {"cover": JO}])]
    last, first = datetime(2026, 12, 14, 23, 59, 59, tzinfo=UK), datetime(2026, 12, 15, tzinfo=UK)

    assert (ask(teams, ADA, at=last).who, ask(teams, ADA, at=first).who) == (JO, ADA)


def test_covers_chain_to_another_team_and_a_cover_who_is_absent_is_passed_over() -> None:
    away = [AWAY | {"cover": JO}, {"who": JO, "from": "2026-12-05", "cover": KIM}]
    found = ask([team(members=[member(ADA), member(JO)], absences=away), team("innovate", members=[member(KIM)])], ADA)

    assert found.who == KIM
    assert found.trail[1] == "Jo Bloggs (covers for Ada Obi) is absent, until when is not said; covered by Kim Lee"


def test_a_cycle_of_covers_ends_and_goes_on_to_the_deputy() -> None:
    away = [AWAY | {"cover": JO}, {"who": JO, "cover": ADA}]
    found = ask([team(members=[member(ADA), member(JO)], absences=away, deputy=KIM)], ADA)

    assert found.who == KIM
    assert "Ada Obi (covers for Jo Bloggs): as said above" in found.trail


def test_overlapping_absences_ask_every_cover_and_say_when_the_last_is_over() -> None:
    away = [AWAY | {"cover": JO}, {"who": ADA, "from": "2026-12-05", "to": "2027-01-03", "cover": KIM}, {"who": KIM}]
    found = ask([team(members=[member(ADA), member(JO), member(KIM)], absences=away)], ADA)

    assert found.who == JO
    assert found.trail[0] == "Ada Obi (named on the case) is absent until 3 January 2027; covered by Kim Lee, then Jo Bloggs"


@pytest.mark.parametrize(
    ("spell", "said"),
    [({"to": "2026-11-30"}, "left on 30 November 2026"), ({"from": "2026-12-08"}, "begins on 8 December 2026")],
)
def test_whoever_has_left_or_has_not_begun_does_not_answer(spell: dict[str, str], said: str) -> None:
    found = ask([team(members=[member(ADA, **spell), member(JO)], deputy=JO)], ADA)

    assert (found.who, found.trail[0]) == (JO, f"Ada Obi (named on the case) {said}")


def test_whoever_left_one_team_and_works_in_another_answers() -> None:
    teams = [team(members=[member(ADA, to="2026-08-31")]), team("innovate", members=[member(ADA, **{"from": "2026-09-01"})])]

    assert ask(teams, ADA) == Answering(who=ADA, team=f"{CSC}.innovate", trail=("Ada Obi answers (named on the case)",))


def test_ppn_13_tur_15_deputy_then_manager_by_level_then_duty() -> None:
    said: dict[str, Any] = {
        "members": [member(ADA), member(KIM)],
        "absences": [AWAY],
        "deputy": KIM,
        "managers": [{"name": PAT, "level": 2}, {"name": LEE, "level": 1}],
        "duty": [{"who": JO, "from": "2026-12-07", "to": "2026-12-07"}],
    }
    whole = team(**said)
    no_deputy = team(**{**said, "absences": [AWAY, {"who": KIM}]})
    no_first = team(**{**said, "absences": [AWAY, {"who": KIM}, {"who": LEE}]})
    duty_alone = team(**{**said, "absences": [AWAY, {"who": KIM}, {"who": LEE}, {"who": PAT}]})

    assert [ask([one], ADA).who for one in (whole, no_deputy, no_first, duty_alone)] == [KIM, LEE, PAT, JO]


def test_what_comes_in_for_nobody_in_particular_is_the_dutys_first() -> None:
    found = ask(
        [team(members=[member(ADA, "social_worker"), member(KIM, "social_worker")], deputy=KIM, duty=[{"who": JO, "from": "2026-12-07"}])]
    )

    assert (found.who, found.trail[0]) == (JO, "nobody is named as social worker, and 2 people are")


def test_a_role_that_one_person_has_is_theirs() -> None:
    both = [member(ADA, "social_worker"), member(KIM, "social_worker")]
    managed = [{"name": LEE, "roles": ["team_manager"]}, {"name": PAT, "level": 2, "roles": ["duty_lead"]}]

    assert ask([team(members=both, managers=managed)], role="team_manager").who == LEE
    assert ask([team(members=both, managers=managed)], role="duty_lead").who == PAT
    assert ask([team(members=both, absences=[AWAY])]).who == KIM
    assert ask([team(managers=[{"name": LEE}, {"name": PAT, "level": 2}])], role="team_manager").who == LEE


def test_ooh_01_while_the_team_is_closed_its_desk_is_named_besides_and_until_when() -> None:
    day = team(members=[member(ADA)], hours=[OFFICE], out_of_hours={"team": f"{CSC}.night"})
    found = ask(
        [day, team("night", duty=[{"who": PAT, "from": "2026-12-05T17:00:00Z", "to": "2026-12-07T09:00:00Z"}])], ADA, at=SUNDAY_NIGHT
    )

    assert (found.who, found.desk) == (ADA, "Night team (Pat Lane)")
    assert found.trail[-1] == "Duty team is closed until Monday 7 December 2026 09:00: until then Night team (Pat Lane)"
    assert ask([day], ADA, at=MONDAY).desk is None


def test_a_turn_of_duty_counts_while_the_team_is_closed() -> None:
    found = ask([team(hours=[OFFICE], duty=[{"who": PAT, "from": "2026-12-05"}])], at=SUNDAY_NIGHT)

    assert (found.who, found.desk) == (PAT, None)


def test_the_role_of_the_out_of_hours_desk_is_answered_by_the_desk_and_by_nobody_of_the_day() -> None:
    agency = POLICY.agencies[CSC]
    desk = type(agency).model_validate(
        agency.model_dump() | {"out_of_hours": {"role": "emergency_desk", "opens": "09:00", "closes": "17:00"}}
    )
    policy = POLICY.model_copy(update={"agencies": {**POLICY.agencies, CSC: desk}})
    day = team(members=[member(ADA)], deputy=KIM, hours=[OFFICE], out_of_hours={"text": "Emergency duty team, 01604 000000"})

    assert ask([day], role="emergency_desk", at=SUNDAY_NIGHT, policy=policy).desk == "Emergency duty team, 01604 000000"
    assert ask([day], role="emergency_desk", at=SUNDAY_NIGHT, policy=policy).who is None
    assert ask([team(hours=[OFFICE])], role="emergency_desk", at=SUNDAY_NIGHT, policy=policy).desk == "emergency desk"


def test_the_desk_that_the_policy_names_stands_in_for_a_team_at_night_and_for_none_by_day() -> None:
    alone = [team(members=[member(ADA)], absences=[AWAY], hours=[OFFICE])]

    assert ask(alone, ADA, at=SUNDAY_NIGHT, policy=SHIPPED).desk == "emergency duty team"
    assert ask(alone, ADA, at=MONDAY, policy=SHIPPED).trail[-1].startswith(NOBODY)


def test_desks_that_send_on_to_each_other_end() -> None:
    there, back = {"team": f"{CSC}.night"}, {"team": f"{CSC}.day"}
    teams = [team("day", hours=[OFFICE], out_of_hours=there), team("night", hours=[OFFICE], out_of_hours=back)]

    assert ask(teams, at=SUNDAY_NIGHT).trail[-1].startswith(NOBODY)


@pytest.mark.parametrize("teams", [[team()], [team(to="2026-01-01", deputy=KIM)], [team(members=[member(ADA)], absences=[AWAY])]])
def test_not_13_a_team_without_anybody_says_so_loudly(teams: list[Team]) -> None:
    found = ask(teams, ADA if teams[0].members else None)

    assert (found.who, found.desk) == (None, None)
    assert found.trail[-1].startswith("NOBODY answers for children's social care (social worker): give its team a cover")


def test_somebody_of_whom_no_team_knows_is_taken_at_the_cases_word() -> None:
    found = ask([team(members=[member(JO)])], ADA)

    assert (found.who, found.team) == (ADA, f"{CSC}.duty")
    assert found.trail == ("Ada Obi answers (named on the case; in no team, so whether they are there is not known)",)


def test_a_setting_without_teams_is_answered_for_by_the_agency_it_belongs_to() -> None:
    lead = "designated_safeguarding_lead"
    trust = team("trust", agency="school", members=[member(ADA, lead)])

    assert ask([trust], role=lead, agency="school.123456").who == ADA
    own = team("office", agency="school.123456", members=[member(JO, lead)])
    assert ask([trust, own], role=lead, agency="school.123456").who == JO
    assert ask([trust, own], role=lead, agency="school.9").who == ADA
    whose = Inquiry(Staffing([trust]), MONDAY, POLICY)
    assert whose.falls_to("school.123456", lead, None) == worker_ref("school.123456", ADA) == worker_ref("school", ADA)


def test_a_rehearsed_team_answers_for_its_exercise_alone() -> None:
    teams = [team(exercise="x1", members=[member(ADA)], absences=[AWAY | {"cover": JO}])]

    assert (ask(teams, ADA).who, ask(teams, ADA, exercise="x1").who, ask(teams, ADA, exercise="x2").who) == (ADA, JO, ADA)


# For whom somebody answers, and what they get back.


def test_tur_06_a_cover_answers_for_whoever_is_away_and_no_longer_when_they_are_back() -> None:
    staffing = Staffing([team(members=[member(ADA), member(JO), member(KIM)], absences=[AWAY | {"cover": JO}])])

    assert answers_for(staffing, CSC, JO, MONDAY, POLICY) == [ADA]
    assert answers_for(staffing, CSC, ADA, MONDAY, POLICY) == []
    assert answers_for(staffing, CSC, JO, MONDAY + timedelta(days=14), POLICY) == []
    whose = Inquiry(staffing, MONDAY, POLICY)
    assert whose.falls_to(CSC, "social_worker", ADA) == whose.falls_to(CSC, "social_worker", JO) == worker_ref(CSC, "jo  BLOGGS")
    assert whose.falls_to(CSC, "social_worker", KIM) == worker_ref(CSC, KIM)


def test_the_last_absence_is_the_one_that_began_last_with_those_it_overlaps() -> None:
    away = [
        {"who": ADA, "from": f"2026-{a}", "to": f"2026-{b}"}
        for a, b in (("03-01", "03-05"), ("11-01", "11-10"), ("11-05", "11-20"), ("12-20", "12-24"))
    ]
    found = last_absence(Staffing([team(members=[member(ADA)], absences=away)]), CSC, worker_ref(CSC, ADA), MONDAY)

    assert found is not None
    assert (found.since, found.over) == (datetime(2026, 11, 1, tzinfo=UK), True)
    assert found.until.date() == date(2026, 11, 20)
    assert last_absence(Staffing([team(members=[member(ADA)])]), CSC, worker_ref(CSC, ADA), MONDAY) is None


# Gaps.


def test_gaps_of_the_next_seven_days_are_named_with_their_reason() -> None:
    rota = [{"who": JO, "from": f"2026-12-{day:02}", "to": f"2026-12-{day:02}"} for day in (7, 8, 10, 11)]
    days = [member(ADA), member(JO)]
    absent = {"who": ADA, "from": "2026-12-10", "to": "2026-12-11"}
    found = unstaffed(
        Staffing([team(members=days, duty=rota, absences=[absent], hours=[OFFICE], out_of_hours={"text": "EDT"})]), CSC, MONDAY, POLICY
    )

    assert [(gap.since.date(), gap.until.date(), gap.what) for gap in found] == [
        (date(2026, 12, 10), date(2026, 12, 12), "Ada Obi is absent, and nobody covers who is there"),
    ]
    found = unstaffed(Staffing([team(members=days, duty=rota)]), CSC, MONDAY, POLICY)
    assert [(gap.since.date(), gap.until.date()) for gap in found] == [
        (date(2026, 12, 9), date(2026, 12, 10)),
        (date(2026, 12, 12), date(2026, 12, 14)),
    ]
    assert all(gap.what.startswith("nobody answers what comes in") for gap in found)


def test_a_closed_team_without_a_desk_is_a_gap_and_one_with_a_desk_is_none() -> None:
    said: dict[str, Any] = {"deputy": KIM, "hours": [OFFICE]}
    without = unstaffed(Staffing([team(**said)]), CSC, MONDAY, POLICY)

    assert [gap.since.astimezone(UK).hour for gap in without] == [17] * 5
    assert all("closed" in gap.what for gap in without)
    assert unstaffed(Staffing([team(**said, out_of_hours={"text": "EDT"})]), CSC, MONDAY, POLICY) == []


# Hours.


@pytest.mark.parametrize(
    ("at", "there"),
    [
        (datetime(2026, 12, 7, 9, 0, tzinfo=UK), True),
        (datetime(2026, 12, 7, 16, 59, 59, tzinfo=UK), True),
        (datetime(2026, 12, 7, 17, 0, tzinfo=UK), False),
        (datetime(2026, 12, 5, 12, 0, tzinfo=UK), False),
        (datetime(2026, 12, 25, 12, 0, tzinfo=UK), False),
        (datetime(2026, 6, 1, 8, 30, tzinfo=UTC), True),  # summer time
    ],
)
def test_a_team_is_there_in_its_hours_on_working_days_by_uk_time(at: datetime, there: bool) -> None:
    assert is_open(team(hours=[OFFICE]).hours, at, frozenset()) is there


def test_a_night_team_is_there_past_midnight_and_on_the_weekdays_given() -> None:
    night = team(hours=[{"opens": "22:00", "closes": "06:00", "days": ["friday"]}]).hours

    assert is_open(night, datetime(2026, 12, 5, 5, 59, tzinfo=UK), frozenset())
    assert not is_open(night, datetime(2026, 12, 6, 5, 59, tzinfo=UK), frozenset())
    assert next_opening(night, SUNDAY_NIGHT, frozenset()) == datetime(2026, 12, 11, 22, 0, tzinfo=UK)
    assert next_opening(team(hours=[OFFICE]).hours, datetime(2026, 12, 24, 18, 0, tzinfo=UK), frozenset()) == datetime(
        2026, 12, 29, 9, 0, tzinfo=UK
    )


# The word.


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"absences": [{"who": "Kanarienvogel"}]}, "absences[0].who"),
        ({"id": "police.duty"}, "`id`"),
        ({"out_of_hours": {"team": "police.night"}}, "same agency"),
        ({"out_of_hours": {"team": f"{CSC}.duty"}}, "another team"),
        ({"out_of_hours": {}}, "either `team` or `text`"),
        ({"duty": [{"who": "Kanarienvogel"}]}, "from when"),
        ({"members": [{"name": "--"}]}, "members[0].name"),
        ({"hours": [{"opens": "09:00:00+01:00", "closes": "17:00"}]}, "without an offset"),
    ],
)
def test_what_does_not_hold_together_is_refused_by_its_place_and_never_by_the_name(said: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as refused:
        team(**said)
    assert named in str(refused.value)
    assert "Kanarienvogel" not in str(refused.value)


def test_an_id_that_holds_the_name_of_somebody_in_the_team_is_known() -> None:
    assert team("obi-team", members=[member(ADA)]).id_tells
    assert not team("innovate", members=[member(ADA)]).id_tells
    assert not team("duty", members=[member("Du Ty")]).id_tells


# Laws.

PEOPLE = [ADA, JO, KIM, LEE, PAT, "Sam Roe", "ada obi"]
MOMENTS = st.sampled_from([None, *(date(2026, 12, day) for day in range(1, 15)), datetime(2026, 12, 7, 9, tzinfo=UTC)])
people = st.sampled_from(PEOPLE)


@st.composite
def spelled(draw: st.DrawFn) -> dict[str, Any]:
    begins, over = draw(MOMENTS), draw(MOMENTS)
    if begins and over and str(over)[:10] < str(begins)[:10]:
        begins, over = over, begins
    if isinstance(begins, datetime) and over and not isinstance(over, datetime):
        begins = begins.date()
    if isinstance(over, datetime) and begins and not isinstance(begins, datetime):
        over = over.date()
    return {"from": begins, "to": over}


def dressed(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(st.fixed_dictionaries(fields), spelled()).map(lambda pair: pair[0] | pair[1])


@st.composite
def teams(draw: st.DrawFn) -> list[Team]:
    found = []
    for word in draw(st.lists(st.sampled_from(["north", "south", "night"]), unique=True, min_size=1)):
        members = draw(st.lists(dressed(name=people, roles=st.sampled_from([[], ["social_worker"]])), max_size=5))
        managers = draw(st.lists(dressed(name=people, level=st.integers(1, 3)), max_size=2))
        here = [one["name"] for one in (*members, *managers)]
        absences = draw(st.lists(dressed(who=st.sampled_from(here), cover=st.one_of(st.none(), people)), max_size=6)) if here else []
        duty = [turn for turn in draw(st.lists(dressed(who=people), max_size=3)) if turn["from"]]
        hours = draw(st.sampled_from([[], [OFFICE], [{"opens": "22:00", "closes": "06:00", "days": ["sunday", "monday"]}]]))
        desk = draw(st.sampled_from([None, {"text": "EDT"}, *({"team": f"{CSC}.{w}"} for w in ("north", "south", "night") if w != word)]))
        more = {
            "deputy": draw(st.one_of(st.none(), people)),
            "hours": hours,
            "out_of_hours": desk,
            "to": draw(st.sampled_from([None, None, "2026-12-06"])),
        }
        found.append(team(word, members=members, managers=managers, absences=absences, duty=duty, **more))
    return found


moments = st.datetimes(datetime(2026, 11, 30), datetime(2026, 12, 16)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
roles = st.sampled_from(["social_worker", "team_manager", "duty_lead"])
asked = st.one_of(st.none(), people)


def covers_moment(spell: Any, at: datetime) -> bool:
    """Worked out by days and the naive clock, sharing nothing with the code under test."""
    local = at.astimezone(UK)
    begun = spell.from_ is None or (spell.from_ <= at if isinstance(spell.from_, datetime) else spell.from_ <= local.date())
    return begun and (spell.to is None or (at <= spell.to if isinstance(spell.to, datetime) else local.date() <= spell.to))


def named_in(answer: Answering) -> list[str]:
    inside = answer.desk.partition("(")[2].rstrip(")") if answer.desk else ""
    return [name for name in (answer.who, inside, answer.desk) if name in PEOPLE]


@given(teams(), roles, asked, moments)
@settings(max_examples=400, deadline=None)
def test_law_nobody_absent_or_ended_is_named_and_nobody_at_all_is_said_aloud(
    found: list[Team], role: str, worker: str | None, at: datetime
) -> None:
    answer = ask(found, worker, role=role, at=at)

    for name in named_in(answer):
        same = name.casefold()
        posts = [(one, spell) for one in found for spell in one.posts if spell.name.casefold() == same]
        assert not posts or any(covers_moment(spell, at) and covers_moment(one, at) for one, spell in posts)
        assert not [a for one in found for a in one.absences if a.who.casefold() == same and covers_moment(a, at)]
    assert answer.who or answer.desk or answer.trail[-1].startswith(NOBODY)
    assert answer.trail


@given(teams(), roles, asked, moments, st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_law_the_order_of_lists_makes_no_difference(
    found: list[Team], role: str, worker: str | None, at: datetime, order: random.Random
) -> None:
    def shuffled(some: Iterable[Any]) -> tuple[Any, ...]:
        mixed = list(some)
        order.shuffle(mixed)
        return tuple(mixed)

    parts = ("members", "managers", "absences", "duty", "hours")
    other = shuffled(one.model_copy(update={part: shuffled(getattr(one, part)) for part in parts}) for one in found)

    assert ask(other, worker, role=role, at=at) == ask(found, worker, role=role, at=at)
    assert set(unstaffed(Staffing(other), CSC, at, POLICY)) == set(unstaffed(Staffing(found), CSC, at, POLICY))


@given(teams(), moments)
@settings(max_examples=200, deadline=None)
def test_law_whoever_answers_in_anothers_place_is_who_they_are_found_by(found: list[Team], at: datetime) -> None:
    staffing = Staffing(found)
    for name in PEOPLE:
        for other in answers_for(staffing, CSC, name, at, POLICY):
            assert ask(found, other, role="", at=at).who is not None
            assert worker_ref(CSC, str(ask(found, other, role="", at=at).who)) == worker_ref(CSC, name)


@given(st.integers(2, 400), st.booleans())
@settings(max_examples=20, deadline=None)
def test_law_a_chain_of_covers_of_any_length_leads_to_its_end(length: int, in_a_circle: bool) -> None:
    names = [f"Person {n:03}" for n in range(length)]
    away = [{"who": name, "cover": names[(n + 1) % length]} for n, name in enumerate(names) if in_a_circle or n + 1 < length]
    found = ask([team(members=[member(name) for name in names], absences=away, deputy="Sam Roe")], names[0])

    assert found.who == ("Sam Roe" if in_a_circle else names[-1])


def test_a_policy_holiday_closes_a_team() -> None:
    closed: Policy = POLICY.model_copy(update={"bank_holidays": frozenset({date(2026, 12, 7)})})

    assert ask([team(members=[member(ADA)], hours=[OFFICE], out_of_hours={"text": "EDT"})], ADA, policy=closed).desk == "EDT"


@given(teams(), roles, st.lists(moments, min_size=2, max_size=8))
@settings(max_examples=150, deadline=None)
def test_law_teams_that_were_asked_before_answer_as_those_that_were_not(found: list[Team], role: str, at: list[datetime]) -> None:
    asked_before = Staffing(found)

    for moment in at:
        assert answering(asked_before, CSC, role, None, moment, POLICY) == answering(Staffing(found), CSC, role, None, moment, POLICY)
