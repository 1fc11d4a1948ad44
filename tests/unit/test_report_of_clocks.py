"""What a replay's report says of clocks, of who was asked while nobody answered, and of who was briefed; none of it is `reached`."""

import json
import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from alertbus.chronicle.exercise_record import TakenNotice
from alertbus.model.briefing import BriefedAlert, Briefing
from alertbus.model.item import Item, ItemState, ItemStep, StepKind
from alertbus.model.notice import Cause, Deed, Notice
from alertbus.policy.neutral import neutral
from alertbus.rehearsal.chased import Chased
from alertbus.rehearsal.replay import NOT_REACHED, messages
from alertbus.rehearsal.report import build_report, is_clean, narrate
from alertbus.rehearsal.scenario import Scenario
from tests.story import T0, a_notice, an_item, hours, unowned
from tests.unit.test_report import event

EVENT = event("E-1", ["health_visiting"])
ALERT = EVENT.alert.alert_id
STEPS = (
    ItemStep(kind=StepKind.REMINDER, role="health_visitor", at=hours(1)),
    ItemStep(kind=StepKind.DUTY_LEAD, role="duty_lead", at=hours(29)),
    ItemStep(kind=StepKind.UNOWNED, at=hours(30)),
)


def told(name: str, owed: str = "owed", minute: int = 0, **stated: Any) -> TakenNotice:
    notice = a_notice(name, owed, **{"alert_id": ALERT, "agency": "health_visiting", **stated})
    return TakenNotice(notice, T0 + timedelta(minutes=minute))


def step(number: int, **stated: Any) -> TakenNotice:
    return told(f"step {number}", deed=Deed.ESCALATE, step=STEPS[number], minute=5, because="asked before", **stated)


def report(taken: Sequence[TakenNotice], *items: Item) -> dict[str, Any]:
    scenario = Scenario("small", "x1", (), (EVENT,))
    chased = Chased(items, [one.notice for one in taken])
    return build_report(scenario, messages(taken, scenario.event_ids), {}, 0, chased)


def answer(**stated: Any) -> Item:
    return unowned("owed", hours(30), **{"alert_id": ALERT, "kind": "ppn", "steps": STEPS, **stated})


def test_what_a_step_said_changes_neither_who_was_reached_nor_why() -> None:
    built = report([told("first", because="the reason path"), step(0), step(1)], answer())

    (of_event,) = built["events"]
    assert (of_event["reached"], of_event["because"]) == (["health_visiting"], {"health_visiting": "the reason path"})
    assert is_clean(built)


def test_who_was_only_ever_chased_was_not_reached() -> None:
    built = report([step(0)], answer())

    assert built["events"][0]["missing"] == ["health_visiting"]


def test_each_obligation_shows_its_steps_with_their_times_and_which_the_agencys_system_took() -> None:
    built = report([told("first"), step(0)], answer())

    assert built["escalations"] == [
        {
            "event": "E-1",
            "kind": "ppn",
            "agency": "health_visiting",
            "role": "health_visitor",
            "since": "2026-01-05T12:00+00:00",
            "due": "2026-01-06T12:00+00:00",
            "steps": [
                {"step": "reminder", "role": "health_visitor", "at": "2026-01-05T13:00+00:00", "taken": True},
                {"step": "duty_lead", "role": "duty_lead", "at": "2026-01-06T17:00+00:00", "taken": False},
                {"step": "unowned", "role": None, "at": "2026-01-06T18:00+00:00", "taken": False},
            ],
            "ended": None,
            "unowned": True,
        }
    ]


def test_the_bus_s_own_notices_are_neither_reached_nor_extra() -> None:
    own = a_notice("n", "its own", alert_id="its own", agency="gp")
    missed = told("missed", "holder", agency="childrens_social_care", rule=NOT_REACHED, deed=Deed.ESCALATE)

    built = report([told("first"), TakenNotice(own, T0), missed])

    assert (built["events"][0]["reached"], built["events"][0]["extra"]) == (["health_visiting"], [])


def test_an_agency_that_may_not_know_the_kind_was_told_all_the_same() -> None:
    one = told("first")
    hidden = one.notice.model_copy(update={"obligation": neutral(one.notice.obligation)})

    assert report([TakenNotice(hidden, T0)])["events"][0]["reached"] == ["health_visiting"]


def test_an_obligation_is_one_message_as_it_was_first_told_and_taken_when_its_first_notice_was() -> None:
    taken = [told("first", minute=9, because="at first"), told("second", minute=2, deed=Deed.AMEND, because="later")]

    (message,) = messages(taken, {ALERT: "E-1"})

    assert (message.because, message.received_at, message.event) == ("at first", T0 + timedelta(minutes=2), "E-1")


def test_clocks_have_the_event_that_started_them_their_day_and_what_was_recorded_and_answers_are_none() -> None:
    started = {"alert_id": ALERT, "source_id": "E-1"}
    built = report(
        [],
        answer(),
        an_item("a", ItemState.MISSED, due=hours(24), closed_by="E-7", closed_at=hours(50), reason="unknown", **started),
        an_item("b", ItemState.MET, rule="visit", child="ada", due=hours(11.5 * 24), closed_by="E-8", closed_at=hours(3), alert_id=None),
        an_item("c", ItemState.VOID, **started),
        an_item("d", due=None, rule="action", **started),
    )

    rule = {"agency": "childrens_social_care"}
    assert built["clocks"] == [
        {
            "event": "E-1", "clock": "strategy_meeting", "due": "2026-01-06", "state": "missed", "closed_by": "E-7",
            "reason": "unknown", "child": None, **rule,
        },
        {
            "event": None, "clock": "visit", "due": "2026-01-17", "state": "met", "closed_by": "E-8", "reason": None,
            "child": "ada", **rule,
        },
        {"event": "E-1", "clock": "action", "due": None, "state": "open", "closed_by": None, "reason": None, "child": None, **rule},
    ]  # fmt: skip
    assert [len(one["steps"]) for one in built["escalations"]] == [3]


def briefed(name: str, *stands: str, worker: str | None = None, arrived: str = "worker") -> TakenNotice:
    alerts = [
        BriefedAlert(kind="ppn", title="Police notice", day=date(2026, 1, 5), source_id=one, severity=EVENT.alert.severity)
        for one in stands
    ]
    briefing = Briefing(day=date(2026, 3, 2), arrived=(arrived,), stands=tuple(alerts))
    return TakenNotice(a_notice(name, name, agency="childrens_social_care", recipient=worker, briefing=briefing), T0)


def test_a_briefing_has_its_worker_and_one_told_in_two_roles_is_one() -> None:
    taken = [briefed("a", "E-2", worker="SW2"), briefed("b", "E-1", "E-2", worker="SW2"), briefed("c", arrived="agency")]

    assert report(taken)["briefings"] == [
        {
            "date": "2026-03-02",
            "agency": "childrens_social_care",
            "worker": "SW2",
            "because": "briefing: worker",
            "alerts": ["E-1", "E-2"],
        },
        {"date": "2026-03-02", "agency": "childrens_social_care", "worker": None, "because": "briefing: agency", "alerts": []},
    ]


def test_what_stood_when_somebody_joined_is_no_briefing_of_a_worker() -> None:
    built = report([_joined()])

    assert [(one["agency"], one["worker"], one["alerts"]) for one in built["briefings"]] == [("health_visiting", None, ["E-1"])]


def _joined() -> TakenNotice:
    notice: Notice = told("first").notice
    owed = notice.obligation.model_copy(update={"cause": Cause.INVOLVEMENT})
    return TakenNotice(notice.model_copy(update={"obligation": owed}), T0)


def test_the_same_in_any_order_is_the_same_bytes() -> None:
    same = {"id": "another", "obligation_id": "another", "steps": STEPS[:1], "unowned": False}
    items = [answer(), answer(**same), an_item("a"), an_item("b", ItemState.MISSED, due=hours(2)), an_item("c", rule="visit", child="ada")]
    taken = [told("first"), step(0), briefed("a", "E-1"), briefed("b", worker="SW1")]
    first = json.dumps(report(taken, *items))

    for seed in range(5):
        random.Random(seed).shuffle(items)
        assert json.dumps(report(taken, *items)) == first


def test_in_words_a_newcomer_reads_which_clocks_were_not_met_and_who_was_asked() -> None:
    missed = {"alert_id": ALERT, "rule": "visit", "due": hours(24)}
    built = report(
        [told("first"), step(0)],
        answer(),
        an_item("a", ItemState.MISSED, child="ada", **missed),
        an_item("b", ItemState.MISSED, child="ben", **missed),
        an_item("c", ItemState.MISSED, rule="strategy_meeting", closed_by="E-9", closed_at=hours(90), due=hours(24), alert_id=ALERT),
        an_item("d", ItemState.MET, closed_at=hours(3), closed_by="E-2"),
    )

    lines = list(narrate(built))
    asked = "reminder to health visitor 01-05 13:00", "duty lead 01-06 17:00", "nobody left 01-06 18:00"

    assert lines[lines.index("") :][:-2] == [
        "",
        "Clocks: 1 met, 3 missed. Those that were not met:",
        "2026-01-06  MISSED  strategy meeting, owed by childrens_social_care since E-1: recorded too late, by E-9",
        "2026-01-06  MISSED  visit of ada, ben, owed by childrens_social_care since E-1: not recorded",
        "",
        "Answers that were chased: 1; 1 ended with nobody left to ask. The longest of each kind:",
        f"  ppn (1): health_visiting, told 2026-01-05T12:00: {' → '.join(asked)}",
    ]
