"""The judge of a reconciliation: every sort of loss is found, named in its list, and nothing else is."""

from collections.abc import Callable
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.model.alert import AcceptedAlert, Action, Severity
from alertbus.model.events import ReviewNeeded, ReviewReason
from alertbus.model.notice import Deed, Notice
from alertbus.model.receipt import Stage
from alertbus.plugin.kit.samples import CANARIES
from alertbus.reconcile.evidence import Evidence
from alertbus.reconcile.full import Reconciliation, compare
from alertbus.reconcile.judge import Holdings, NoticeInLedger
from tests.story import LATER, POLICY, T0, Arrived, Log, a_case, a_notice, a_receipt, accepted, bus, hours, story


def judged(log: Log, *, without: Callable[[Arrived], bool] = lambda _: False, **given: Any) -> Reconciliation:
    evidence = Evidence(given.pop("exercise", None))
    for record in log.records:
        if not without(record):
            evidence.take(record)
    recorded = given.pop("recorded", everybody(evidence))
    return compare(evidence, POLICY, given.pop("now", LATER), Holdings(recorded, given.pop("ledger", None)))


def everybody(evidence: Evidence) -> dict[str, str]:
    """What the chronicle records when it has kept up: every obligation of a notice, with its alert."""
    return {told.obligation_id: told.alert_id for one in evidence.alerts for told in one.told.values()}


def delivered(notice: Notice, state: str = "sent") -> NoticeInLedger:
    return NoticeInLedger(notice.obligation.alert_id, notice.obligation.id, state, T0)


def a_day() -> tuple[Log, list[Notice]]:
    log = Log()
    statements = [
        accepted("T-1", hours(1)),
        accepted("T-2", hours(2)),
        accepted("T-1", hours(3), action=Action.AMENDED, severity=Severity.CRITICAL),
        accepted("T-2", hours(4), action=Action.WITHDRAWN),
    ]
    return log, bus(log, [a_case()], statements)


def test_bus_that_did_its_work_reconciles_to_nothing() -> None:
    log, _ = a_day()

    found = judged(log)

    assert found == Reconciliation(difference=0, owed=6)
    assert judged(story(everything=True)).difference == 0


@pytest.mark.parametrize("deed", [Deed.AMEND, Deed.WITHDRAW])
def test_every_notice_that_is_lost_is_a_difference(deed: Deed) -> None:
    log, notices = a_day()
    lost = next(notice for notice in notices if notice.deed is deed)

    found = judged(log, without=lambda record: lost.id.encode() in (record.value or b""))

    assert (found.difference, found.missing) == (1, (lost.obligation.id,))


def test_obligation_without_any_notice_is_missing() -> None:
    log, notices = a_day()
    lost = notices[0].obligation.id

    found = judged(log, without=lambda record: record.topic == topics.NOTICES and lost.encode() in (record.value or b""))

    assert (found.difference, found.missing, found.extra) == (1, (lost,), ())


def test_notice_that_nobody_owes_is_extra() -> None:
    log, notices = a_day()
    log.notice(a_notice("n-stray", "owed-stray", alert_id=notices[0].obligation.alert_id))

    assert judged(log).extra == ("owed-stray",)


def test_alert_that_was_lost_before_its_persons_were_found_is_a_difference() -> None:
    log, _ = a_day()
    lost = accepted("T-9")
    log.alert(lost)
    assert judged(log).unidentified == (lost.statement_id,)

    log.review(ReviewNeeded(id="r", reason=ReviewReason.NOBODY_LINKED, at=T0, alert_id=lost.alert_id))
    assert judged(log).difference == 0


def test_ledger_and_chronicle_are_held_against_the_notices() -> None:
    log, notices = a_day()
    ledger = {notice.id: delivered(notice) for notice in notices}
    for notice in notices:
        log.receipt(a_receipt(notice, Stage.SENT))
    recorded = {notice.obligation.id: notice.obligation.alert_id for notice in notices}
    first, last = notices[0], notices[-1]

    assert judged(log, ledger=ledger) == Reconciliation(difference=0, owed=6)
    late = judged(log, ledger={**ledger, first.id: delivered(first, "failed")})
    assert (late.difference, late.undelivered) == (0, (first.obligation.id,))
    never = judged(log, ledger={key: row for key, row in ledger.items() if key != first.id})
    assert (never.difference, never.unledgered, never.undelivered) == (
        1,
        (first.obligation.id,),
        (first.obligation.id,),
    )
    silent = judged(log, ledger=ledger, without=lambda record: b"sent-" + last.id.encode() in (record.value or b""))
    assert (silent.difference, silent.unreceipted) == (1, (last.obligation.id,))
    assert judged(log, ledger={**ledger, "stray": NoticeInLedger("never said", "owed-stray", "sent", T0)}).extra == ("owed-stray",)
    fewer = {one: alert for one, alert in recorded.items() if one != first.obligation.id}
    assert judged(log, recorded=fewer).unrecorded == (first.obligation.id,)
    assert judged(log, recorded=recorded | {"owed-stray": "never said"}).extra == ("owed-stray",)


def test_what_the_ledger_holds_of_an_exercise_is_no_matter_of_realitys() -> None:
    log = Log()
    drilled = bus(log, [a_case("case-drill", exercise="drill")], [accepted("T-9", exercise="drill")])
    stray = {"stray": NoticeInLedger(drilled[0].obligation.alert_id, "owed-stray", "sent", T0)}
    ledger = {notice.id: delivered(notice, "cancelled") for notice in drilled} | stray

    assert judged(log, ledger=ledger).difference == 0
    assert judged(log, ledger=ledger, exercise="drill").extra == ("owed-stray",)


def test_evidence_keeps_nothing_of_what_was_said_or_about_whom() -> None:
    log = Log()
    bus(log, [a_case()], [accepted()])
    evidence = Evidence(None)
    for record in log.records:
        evidence.take(record)

    kept = repr([list(evidence.alerts), evidence.cases])
    assert "Ex-Partner 2" in repr(a_case())
    assert [word for word in (*CANARIES, "Ex-Partner 2", "ex_partner") if word in kept] == []


def test_case_that_changed_is_judged_by_what_was_known_when() -> None:
    there = {"agency": "gp", "known_at": hours(0)}
    first = a_case(known_at=hours(0), involvements=[there])
    left = first.model_copy(update={"version": 2, "known_at": hours(48), "involvements": ()})

    def after(kind: str) -> tuple[Log, list[Notice]]:
        log = Log()
        notices = bus(log, [first], [accepted(at=hours(1), kind=kind)])
        log.case(left)
        return log, notices

    log, _ = after("other")  # over the moment it was told: leaving takes nothing back
    assert judged(log).difference == 0
    log, notices = after("threat_to_staff")  # still stands: it must be taken back
    assert judged(log).extra == (notices[0].obligation.id,)
    log.notice(notices[0].model_copy(update={"id": "n-back", "deed": Deed.WITHDRAW}))
    assert judged(log).difference == 0


def test_exercise_has_its_own_clock() -> None:
    log = Log()
    drill = a_case(exercise="drill", involvements=[{"agency": "gp"}, {"agency": "school", "from": hours(100)}])
    bus(log, [drill], [accepted(exercise="drill")], until=hours(120))
    bus(log, [a_case("case-real")], [accepted("T-7")])
    evidence = Evidence("drill")
    for record in log.records:
        evidence.take(record)

    assert evidence.clock == hours(120)
    found = judged(log, exercise="drill", now=evidence.clock)
    assert found == Reconciliation(difference=0, owed=2)


def again(at: int, action: Action, name: str, **stated: Any) -> AcceptedAlert:
    return accepted(name, hours(at), action=action, amends="T-1", **stated)


def test_what_stands_again_and_what_came_late_reconcile_to_nothing() -> None:
    log = Log()
    late = accepted("T-1c", hours(9), action=Action.AMENDED, amends="T-1", severity=Severity.LOW)
    late = late.model_copy(update={"alert": late.alert.model_copy(update={"recorded_at": hours(2)})})
    bus(
        log,
        [a_case()],
        [
            accepted("T-1", hours(1)),
            again(3, Action.WITHDRAWN, "T-1a"),
            again(5, Action.RAISED, "T-1b", severity=Severity.CRITICAL),
            again(7, Action.AMENDED, "T-1d", severity=Severity.CRITICAL),
            late,
        ],
    )

    assert judged(log) == Reconciliation(difference=0, owed=3)


@pytest.mark.parametrize("lost", [0, 3, 6], ids=["the raise", "the withdrawal", "the second raise"])
def test_of_what_stands_again_only_the_last_notice_must_not_be_missing(lost: int) -> None:
    log = Log()
    raised_again = again(5, Action.RAISED, "T-1b", severity=Severity.CRITICAL)
    notices = bus(log, [a_case()], [accepted("T-1", hours(1)), again(3, Action.WITHDRAWN, "T-1a"), raised_again])
    gone = notices[lost]

    found = judged(log, without=lambda record: record.topic == topics.NOTICES and f'"id":"{gone.id}"'.encode() in (record.value or b""))

    assert found.missing == ((gone.obligation.id,) if lost == 6 else ())


def test_who_was_told_of_somebody_who_is_not_meant_must_hear_that_it_is_over() -> None:
    log = Log()
    other = again(3, Action.AMENDED, "T-1a").with_people((("p-other",), ("p-other-child",)))
    notices = bus(log, [a_case()], [accepted("T-1", hours(1)), other])
    gone = next(notice for notice in notices if notice.deed is Deed.CORRECT)

    assert judged(log).difference == 0
    found = judged(log, without=lambda record: record.topic == topics.NOTICES and f'"id":"{gone.id}"'.encode() in (record.value or b""))
    assert found.missing == (gone.obligation.id,)


def test_a_case_that_never_had_the_alert_and_a_later_finding_of_who_was_meant_are_judged_by_the_last_finding() -> None:
    log = Log()
    first = accepted("T-1", hours(1))
    found = first.with_people((("p-other",), ("p-other-child",))).model_copy(update={"people_version": 2})
    notices = bus(log, [a_case()], [first, found])

    assert {notice.deed for notice in notices} == {Deed.DELIVER, Deed.CORRECT}
    assert judged(log).difference == 0
    lost = judged(log, without=lambda r: r.topic == topics.NOTICES and b'"correct"' in (r.value or b""), now=hours(5))
    assert {notice.obligation.id for notice in notices} == set(lost.extra)


def test_of_an_alert_that_is_over_nothing_is_taken_back_when_its_persons_are_found_to_be_others() -> None:
    log = Log()
    first = accepted("T-1", hours(1), kind="other")
    bus(log, [a_case()], [first], until=hours(2))
    log.identified(first.with_people((("p-other",), ("p-other-child",))).model_copy(update={"people_version": 2}))

    assert judged(log).difference == 0


def test_since_when_an_id_is_somebodys_is_kept_with_the_case() -> None:
    log = Log()
    joined = a_case(people=[{"key": key, "person_ids": [f"p-{key}"], "joined_at": {f"p-{key}": hours(9)}} for key in ("adult", "child")])
    bus(log, [joined], [accepted("T-1", hours(1))])

    assert judged(log) == Reconciliation(difference=0, owed=3)
    assert judged(log, now=hours(8)).owed == 0


def test_who_joins_an_alert_that_was_repeated_in_the_same_words_has_read_what_stands() -> None:
    log = Log()
    case = a_case(involvements=[{"agency": "gp"}, {"agency": "school", "from": hours(9)}])
    notices = bus(
        log, [case], [accepted("T-1", hours(1), kind="threat_to_staff"), again(3, Action.AMENDED, "T-1a", kind="threat_to_staff")]
    )

    assert sorted({(notice.obligation.agency, notice.deed) for notice in notices}) == [("gp", Deed.DELIVER), ("school", Deed.DELIVER)]
    assert judged(log) == Reconciliation(difference=0, owed=2)


@pytest.mark.parametrize("level", ["agency", "worker"])
def test_not_02_who_acts_for_whom_and_what_they_must_not_learn_is_kept_with_the_case(level: str) -> None:
    log = Log()
    for_him = {"agency": "gp", "scope": "adult_linked", "adult": "adult", "level": level, "worker": "Dr Quill"}
    involved = [{"agency": "gp"}, {"agency": "health_visiting"}, {"agency": "school.1"}, for_him]
    told = bus(
        log,
        [a_case(involvements=involved, restrictions=[{"must_not_learn": "adult", "kinds": ["ppn"]}])],
        [accepted("T-1", hours(1), kind="ppn", source="school.2.dsl")],
    )

    assert {notice.obligation.agency for notice in told} == {"health_visiting", "school.1"}
    assert judged(log) == Reconciliation(difference=0, owed=2)
