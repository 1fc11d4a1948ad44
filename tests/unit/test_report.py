"""The report of a replay: what an agency's system received, beside what the scenario expects, and the same bytes every time."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.model.alert import Alert
from alertbus.model.notice import Cause
from alertbus.rehearsal.report import ArrivedMessage, build_report, is_clean, narrate
from alertbus.rehearsal.scenario import Event, Scenario

T0 = datetime(2026, 3, 2, 12, tzinfo=UTC)


def event(event_id: str, expected: Sequence[str] | None = (), *, history: bool = False) -> Event:
    alert = Alert.model_validate(
        {
            "id": event_id,
            "source": "police",
            "kind": "ppn",
            "occurred_at": T0,
            "recorded_at": T0,
            "subjects": [{"person": {"label": "x"}}],
            "history": history,
            "exercise": "x1",
        }
    )
    return Event(event_id, date(2026, 3, 2), alert, None if expected is None else tuple(sorted(expected)))


def scenario(*events: Event) -> Scenario:
    return Scenario("small", "x1", (), events)


def received(agency: str, event_id: str = "E-1", **stated: Any) -> ArrivedMessage:
    whole = {"role": "duty", "cause": Cause.ALERT, "since": T0, "because": f"why {agency}", "received_at": T0 + timedelta(milliseconds=40)}
    return ArrivedMessage(**{"agency": agency, "event": event_id, **whole, **stated})


def report(*got: ArrivedMessage, events: Sequence[Event] = (event("E-1", ["gp", "school"]),), difference: int = 0) -> dict[str, Any]:
    return build_report(scenario(*events), got, {e.id: T0 for e in events}, difference)


def test_a_report_has_the_shape_of_the_contract() -> None:
    built = report(received("gp"), received("school"))

    assert built == {
        "scenario": "small",
        "events": [
            {
                "id": "E-1",
                "date": "2026-03-02",
                "history": False,
                "reached": ["gp", "school"],
                "expected": ["gp", "school"],
                "missing": [],
                "extra": [],
                "because": {"gp": "why gp", "school": "why school"},
                "accept_to_notice_ms": 40.0,
            }
        ],
        "totals": {"pairs_expected": 2, "pairs_reached": 2, "missing": 0, "extra": 0},
        "reconcile": {"difference": 0},
        "clocks": [],
        "escalations": [],
        "patterns": [],
        "briefings": [],
        "own_agency": [],
    }
    assert json.loads(json.dumps(built)) == built
    assert is_clean(built)


def test_what_the_stating_agencys_own_units_were_told_is_neither_reached_nor_extra_nor_a_briefing() -> None:
    own = [received("police", own_agency=True), received("police", own_agency=True, cause=Cause.LINK, because="a link")]

    built = report(received("gp"), received("school"), *own)

    assert is_clean(built)
    assert (built["events"][0]["reached"], built["briefings"]) == (["gp", "school"], [])
    assert built["own_agency"] == [{"event": "E-1", "agency": "police", "because": "a link"}]
    assert "E-1  police was told its own agency's word: a link" in list(narrate(built))


@pytest.mark.parametrize(
    ("got", "missing", "extra"),
    [
        pytest.param(["gp", "school"], [], [], id="as expected"),
        pytest.param(["school"], ["gp"], [], id="one missing"),
        pytest.param(["gp", "school", "police"], [], ["police"], id="one too many"),
        pytest.param(["police"], ["gp", "school"], ["police"], id="both"),
        pytest.param([], ["gp", "school"], [], id="nobody"),
    ],
)
def test_what_is_missing_and_what_is_too_much_is_named_and_counted(got: list[str], missing: list[str], extra: list[str]) -> None:
    built = report(*(received(agency) for agency in got))

    (told,) = built["events"]
    assert (told["reached"], told["missing"], told["extra"]) == (sorted(got), missing, extra)
    assert built["totals"] == {"pairs_expected": 2, "pairs_reached": len(got), "missing": len(missing), "extra": len(extra)}
    assert is_clean(built) is not bool(missing or extra)


def test_an_event_without_expectations_is_reported_and_not_judged() -> None:
    built = report(received("gp"), events=[event("E-1", None)])

    (told,) = built["events"]
    assert (told["expected"], told["reached"], told["missing"], told["extra"]) == (None, ["gp"], [], [])
    assert built["totals"] == {"pairs_expected": 0, "pairs_reached": 1, "missing": 0, "extra": 0}
    assert is_clean(built)


def test_expecting_nobody_is_an_expectation() -> None:
    built = report(received("gp"), events=[event("E-1", [])])

    assert (built["events"][0]["expected"], built["events"][0]["extra"]) == ([], ["gp"])
    assert not is_clean(built)


def test_int_10_history_expects_nobody_whatever_the_file_says() -> None:
    built = report(events=[event("E-1", ["gp"], history=True)])

    (told,) = built["events"]
    assert (told["history"], told["expected"], told["missing"], told["extra"]) == (True, [], [], [])
    assert built["totals"] == {"pairs_expected": 0, "pairs_reached": 0, "missing": 0, "extra": 0}
    assert is_clean(built)


def test_int_10_history_that_told_somebody_at_once_is_too_much() -> None:
    built = report(received("gp"), events=[event("E-1", ["gp"], history=True)])

    assert built["events"][0]["extra"] == ["gp"]
    assert built["totals"]["extra"] == 1
    assert not is_clean(built)
    assert "              EXTRA   gp" in list(narrate(built))


def test_a_difference_found_by_the_reconciler_is_not_clean() -> None:
    built = report(received("gp"), received("school"), difference=1)

    assert built["reconcile"] == {"difference": 1}
    assert not is_clean(built)


# What came later.


def test_vpf_11_what_a_link_or_an_involvement_caused_is_a_briefing_and_reaches_nothing() -> None:
    later = {"since": T0 + timedelta(days=9)}
    built = report(
        received("gp"),
        received("school"),
        received("midwifery", "E-2", cause=Cause.INVOLVEMENT, **later),
        received("midwifery", "E-1", cause=Cause.INVOLVEMENT, **later),
        received("gp", "E-2", cause=Cause.LINK, **later),
        events=[event("E-1", ["gp", "school"]), event("E-2", [])],
    )

    assert [e["reached"] for e in built["events"]] == [["gp", "school"], []]
    assert built["briefings"] == [
        {
            "date": "2026-03-11",
            "agency": "gp",
            "worker": None,
            "because": "somebody was linked to the case, and this stands about them",
            "alerts": ["E-2"],
        },
        {
            "date": "2026-03-11",
            "agency": "midwifery",
            "worker": None,
            "because": "the agency joined the case, and this stands on it",
            "alerts": ["E-1", "E-2"],
        },
    ]
    assert is_clean(built)


def test_a_briefing_is_dated_by_the_uk_day() -> None:
    built = report(received("gp", cause=Cause.LINK, since=datetime(2026, 6, 30, 23, 30, tzinfo=UTC)), events=[event("E-1", [])])

    assert [briefing["date"] for briefing in built["briefings"]] == ["2026-07-01"]


def test_history_may_be_briefed_later() -> None:
    built = report(received("gp", cause=Cause.INVOLVEMENT), events=[event("E-1", [], history=True)])

    assert [briefing["alerts"] for briefing in built["briefings"]] == [["E-1"]]
    assert is_clean(built)


# Details.


def test_ppn_01_two_roles_of_one_agency_are_one_pair() -> None:
    got = [received("gp", role="team_manager", because="the manager's"), received("gp", role="social_worker", because="the worker's")]

    built = report(*got, events=[event("E-1", ["gp"])])

    assert built["totals"] == {"pairs_expected": 1, "pairs_reached": 1, "missing": 0, "extra": 0}
    assert built["events"][0]["because"] == {"gp": "the worker's"}


@pytest.mark.parametrize(
    ("arrivals", "milliseconds"),
    [
        pytest.param([41.26, 900], 41.3, id="the first to arrive, to a tenth"),
        pytest.param([None, 7], 7.0, id="an arrival without a time does not count"),
        pytest.param([None], None, id="no time at all"),
        pytest.param([-3], 0.0, id="clocks that differ never give less than nothing"),
    ],
)
def test_the_time_from_acceptance_to_the_first_arrival(arrivals: list[float | None], milliseconds: float | None) -> None:
    got = [
        received(f"a{number}", received_at=None if ms is None else T0 + timedelta(milliseconds=ms)) for number, ms in enumerate(arrivals)
    ]

    assert report(*got)["events"][0]["accept_to_notice_ms"] == milliseconds


def test_an_event_whose_acceptance_is_not_known_has_no_time() -> None:
    built = build_report(scenario(event("E-1", ["gp"])), [received("gp")], {}, 0)

    assert built["events"][0]["accept_to_notice_ms"] is None
    assert build_report(scenario(event("E-1")), [], {"E-1": T0}, 0)["events"][0]["accept_to_notice_ms"] is None


def test_events_stand_in_the_order_of_the_file() -> None:
    built = report(events=[event("E-2"), event("E-1"), event("E-3")])

    assert [e["id"] for e in built["events"]] == ["E-2", "E-1", "E-3"]


RECEIVED = st.builds(
    ArrivedMessage,
    agency=st.sampled_from(["gp", "school", "police"]),
    role=st.sampled_from(["a", "b"]),
    event=st.sampled_from(["E-1", "E-2", "E-3"]),
    cause=st.sampled_from(Cause),
    since=st.sampled_from([T0, T0 + timedelta(days=1)]),
    because=st.sampled_from(["north", "south"]),
    received_at=st.sampled_from([None, T0, T0 + timedelta(seconds=1)]),
)


@given(got=st.lists(RECEIVED, max_size=12), seed=st.integers())
def test_the_same_receipts_in_any_order_are_the_same_bytes(got: list[ArrivedMessage], seed: int) -> None:
    shuffled = list(got)
    random.Random(seed).shuffle(shuffled)
    events = [event("E-1", ["gp"]), event("E-2", None), event("E-3", history=True)]

    assert json.dumps(report(*got, events=events)) == json.dumps(report(*shuffled, events=events))


@given(got=st.lists(RECEIVED, max_size=12))
def test_totals_are_the_sums_of_what_is_listed(got: list[ArrivedMessage]) -> None:
    events = [event("E-1", ["gp", "school"]), event("E-2", None), event("E-3", history=True)]
    built = report(*got, events=events)

    told = built["events"]
    assert built["totals"]["missing"] == sum(len(e["missing"]) for e in told)
    assert built["totals"]["extra"] == sum(len(e["extra"]) for e in told)
    for e in told:
        assert set(e["because"]) == set(e["reached"])
        if e["expected"] is not None:
            assert set(e["reached"]) == (set(e["expected"]) - set(e["missing"])) | set(e["extra"])


def test_the_report_in_words_says_who_was_told_and_why() -> None:
    built = report(
        received("gp"),
        received("police"),
        received("gp", "E-2", cause=Cause.LINK),
        events=[event("E-0", history=True), event("E-1", ["gp", "school"]), event("E-2")],
    )

    assert list(narrate(built)) == [
        "2026-03-02  E-0  history: seeds the record, tells nobody",
        "2026-03-02  E-1  told 2: gp, police  (40 ms)",
        "              gp                       why gp",
        "              police                   why police",
        "              MISSING school",
        "              EXTRA   police",
        "2026-03-02  E-2  told 0: nobody",
        "2026-03-02  briefing for gp: E-2 (somebody was linked to the case, and this stands about them)",
        "",
        "small: 2 expected, 2 reached, 1 missing, 1 extra; reconciler's difference 0",
    ]
