"""Who is next when an obligation is not met, and what they are told: laws over every kind, agency and role of the shipped policy."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from alertbus.model.notice import ENDINGS, Deed, Notice
from alertbus.plugin.kit.samples import CANARIES, ended_notice, sample_notice, sample_obligation
from alertbus.policy.load import load_policy
from alertbus.reach.escalation import escalations, next_person

POLICY = load_policy()
ROLES = sorted({agency.role for agency in POLICY.agencies.values()} | {"team_manager", "duty_manager"})
AGENCIES = sorted(name for name, agency in POLICY.agencies.items() if agency.sector != "unknown")


@st.composite
def notices(draw: st.DrawFn) -> Notice:
    agency = draw(st.sampled_from([*AGENCIES, "school_northfield"]))
    owed = sample_obligation(
        id=draw(st.uuids()).hex,
        agency=agency,
        role=draw(st.sampled_from(ROLES)),
        kind=draw(st.sampled_from(sorted(POLICY.kinds))),
        since=draw(st.integers(0, 10**6).map(lambda s: sample_obligation().since + timedelta(seconds=s))),
    )
    deed = draw(st.sampled_from([Deed.DELIVER, Deed.AMEND, Deed.ESCALATE]))
    return sample_notice(obligation=owed, sector=POLICY.agency(agency).sector, deed=deed)


def along(notice: Notice) -> list[Notice]:
    """Every step of the agency's own chain, one escalation after another."""
    steps: list[Notice] = []
    while own := [n for n in escalations(steps[-1] if steps else notice, "unreachable", POLICY) if n.obligation.id == notice.obligation.id]:
        steps += own
    return steps


@given(notices())
def test_doing_it_again_gives_the_same_notices_whatever_the_reason(notice: Notice) -> None:
    once = [n.id for n in escalations(notice, "unreachable", POLICY)]
    assert once == [n.id for n in escalations(notice, "no_answer", POLICY)]
    assert len(set(once)) == len(once)
    assert notice.id not in once


@given(notices())
def test_the_chain_is_walked_to_its_end_each_person_once_and_nobody_twice(notice: Notice) -> None:
    chain = POLICY.kind_rule(notice.obligation.kind).chain
    role = notice.obligation.role
    expected = list(chain[chain.index(role) + 1 :]) if role in chain else list(chain)

    assert [step.obligation.role for step in along(notice)] == expected
    assert len({step.id for step in along(notice)}) == len(expected)


@given(notices())
def test_the_next_person_gets_the_agencys_own_notice_and_nothing_it_did_not_have(notice: Notice) -> None:
    for step in along(notice):
        assert step.deed is Deed.ESCALATE
        assert step.obligation.model_copy(update={"role": notice.obligation.role}) == notice.obligation
        assert step.because.startswith(notice.because)
        changed = {"id", "deed", "obligation", "recipient", "because"}
        assert step.model_dump(exclude=changed) == notice.model_dump(exclude=changed)


@given(notices())
def test_the_case_holder_learns_who_was_not_reached_and_nothing_of_what_was_said(notice: Notice) -> None:
    told = [n for n in escalations(notice, "unreachable", POLICY) if n.obligation.id != notice.obligation.id]
    if notice.deed is Deed.ESCALATE:
        assert told == []  # it was told when the first was not reached
        return
    (holder,) = told
    own = notice.obligation.agency == POLICY.case_holder
    assert holder.obligation.agency == (POLICY.front_door if own else POLICY.case_holder)
    assert holder.obligation.case_id == notice.obligation.case_id
    assert notice.obligation.agency.replace("_", " ") in holder.because
    said = holder.model_dump_json()
    for canary in (*CANARIES, notice.obligation.source, notice.obligation.source_id, notice.title, notice.summary):
        assert canary not in said
    assert (holder.narrative, holder.people, holder.children, dict(holder.details)) == ((), (), (), {})
    assert holder.obligation.kind == "other"


@given(notices())
def test_an_amendment_asks_anew_so_it_escalates_anew(notice: Notice) -> None:
    later = notice.obligation.model_copy(update={"since": notice.obligation.since + timedelta(minutes=1)})
    amended = notice.model_copy(update={"obligation": later})
    assert not {n.id for n in escalations(notice, "x", POLICY)} & {n.id for n in escalations(amended, "x", POLICY)}


def test_what_ends_something_has_no_next_person() -> None:
    assert [list(escalations(ended_notice(deed), "unreachable", POLICY)) for deed in ENDINGS] == [[]] * 3


def test_the_watchdogs_notice_goes_to_nobody_else() -> None:
    owed = sample_obligation(agency="alertbus_watchdog", role="watchdog")
    assert list(escalations(sample_notice(obligation=owed, sector="unknown"), "unreachable", POLICY)) == []


def test_an_agency_nobody_has_entered_is_missed_all_the_same() -> None:
    owed = sample_obligation(agency="youth_club", role="duty_officer", kind="meeting")
    (holder,) = escalations(sample_notice(obligation=owed, sector="unknown"), "unreachable", POLICY)
    assert "youth club (duty officer) was not reached" in holder.because


def test_a_kind_without_a_chain_still_reaches_the_case_holder() -> None:
    notice = sample_notice(obligation=sample_obligation(kind="meeting"))
    assert next_person(notice, POLICY) is None
    assert [n.obligation.agency for n in escalations(notice, "unreachable", POLICY)] == ["childrens_social_care"]
