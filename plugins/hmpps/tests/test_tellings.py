"""Events that matter by what they are: what each becomes, and what ends it."""

import pytest
from alertbus_hmpps.tellings import AT_LARGE_PRECAUTION, TELLINGS

from alertbus.plugin import Action, Release, Severity
from plugins.hmpps.tests.messages import alert, alerts, case, event, reason, refused

ABSENCE = "person.temporary-absence"
AUTHORISED = "person.temporary-absence-authorisation"


def absence(deed: str, id_: str | None = "31a9d034-0587-41da-8528-dd1c54452251", start: str = ABSENCE) -> dict[str, object]:
    return event(f"{start}.{deed}", additionalInformation={"id": id_, "source": "DPS"})


BECOMES = {
    "17-absence-overdue.json": ("unlawfully_at_large", "critical", "prison.hmpps"),
    "17-absence-started.json": ("prisoner_release", "high", "prison.hmpps"),
    "17-restricted-patient-removed.json": ("prisoner_release", "high", "prison.hmpps"),
    "17-address-updated.json": ("other", "medium", "probation.hmpps"),
    "17-licence-variation.json": ("other", "medium", "probation.hmpps"),
    "17-ap-not-arrived.json": ("other", "high", "probation.hmpps"),
    "17-person-restriction.json": ("prisoner_contact_change", "low", "prison.hmpps"),
}


@pytest.mark.parametrize("name", BECOMES)
def test_case_17_an_event_that_matters_is_told(name: str) -> None:
    raised = alert(case(name))

    assert (raised.kind, raised.severity, raised.source) == BECOMES[name]
    assert raised.narrative[0].text == TELLINGS[case(name)["eventType"]].words


def numbered(kind: str) -> dict[str, object]:
    return event(kind, "X777978", additionalInformation={"id": "1", "bookingId": "2", "applicationId": "3"})


@pytest.mark.parametrize("kind", TELLINGS)
def test_every_row_states_what_it_says(kind: str) -> None:
    row = TELLINGS[kind]

    for stated in alerts(numbered(kind)):
        assert (stated.kind, stated.action, stated.severity, stated.source) == (row.kind, row.action, row.severity, row.source)
        assert [piece.text for piece in stated.narrative] == [row.words, "The publisher's own words"]


def test_words_are_sentences_that_call_nobody_him() -> None:
    for row in TELLINGS.values():
        assert row.words.endswith(".")
        assert not {"he", "him", "his", "she", "her"} & set(row.words.casefold().replace(":", " ").replace(",", " ").split())


def test_whoever_does_not_come_back_is_at_large_and_the_precaution_says_what_to_do() -> None:
    raised = alert(absence("overdue"))

    assert raised.details.flag is not None
    assert raised.details.flag.precautions == (AT_LARGE_PRECAUTION,)
    assert "release" not in raised.details.model_fields_set


def test_who_is_out_for_a_time_is_released_on_the_condition_of_coming_back() -> None:
    release = alert(absence("started")).details.release

    assert release is not None
    assert (str(release.date), release.conditions) == ("2026-11-27", ("temporary, due back",))


@pytest.mark.parametrize("message", [absence("scheduled"), absence("approved", start=AUTHORISED)], ids=["scheduled", "authorised"])
def test_a_planned_absence_has_no_day_because_the_event_names_none(message: object) -> None:
    assert alert(message).details.release == Release(conditions=("temporary, due back; planned, the prison knows the day",))


def test_coming_back_ends_the_plan_the_absence_and_the_being_at_large() -> None:
    raised = [alert(absence(deed)) for deed in ("scheduled", "started", "overdue")]
    ended = alerts(absence("completed"))

    assert [one.action for one in ended] == [Action.WITHDRAWN] * 3
    assert [one.alert_id for one in ended] == [one.alert_id for one in raised]
    assert len({one.id for one in ended}) == 3


def test_one_absence_ends_no_other() -> None:
    ended = {one.alert_id for one in alerts(absence("completed", "another"))}

    assert ended.isdisjoint(alert(absence(deed)).alert_id for deed in ("scheduled", "started", "overdue"))


@pytest.mark.parametrize("deed", ["cancelled", "denied", "expired", "paused", "unscheduled"])
def test_a_plan_that_comes_to_nothing_is_withdrawn(deed: str) -> None:
    ended = alert(absence(deed))

    assert (ended.action, ended.alert_id) == (Action.WITHDRAWN, alert(absence("scheduled")).alert_id)


@pytest.mark.parametrize("deed", ["cancelled", "deferred", "denied", "expired", "paused"])
def test_an_authorisation_that_comes_to_nothing_is_withdrawn(deed: str) -> None:
    ended = alert(absence(deed, start=AUTHORISED))

    assert (ended.action, ended.alert_id) == (Action.WITHDRAWN, alert(absence("approved", start=AUTHORISED)).alert_id)


@pytest.mark.parametrize("deed", ["rescheduled", "resumed"])
def test_a_plan_that_changes_is_amended(deed: str) -> None:
    changed = alert(absence(deed))

    assert (changed.action, changed.alert_id) == (Action.AMENDED, alert(absence("scheduled")).alert_id)


@pytest.mark.parametrize("number", [None, "", " ", True, [], 1.5])
def test_an_absence_without_its_number_is_refused(number: object) -> None:
    message = event(f"{ABSENCE}.overdue", additionalInformation={"id": number})

    assert refused(message) == ["additionalInformation.id"]


def test_a_departure_that_is_corrected_is_amended() -> None:
    def departed(kind: str) -> dict[str, object]:
        return event(f"accommodation.cas3.person.departed{kind}", "X777978", additionalInformation={"bookingId": "b10914c1"})

    assert alert(departed("")).severity is Severity.HIGH
    assert alert(departed(".updated")).alert_id == alert(departed("")).alert_id
    assert alert(departed(".updated")).action is Action.AMENDED


def hostel(deed: str, application: object = "a831ead2") -> dict[str, object]:
    return event(f"approved-premises.person.{deed}", "X777978", additionalInformation={"applicationId": application})


def test_whoever_arrives_at_the_hostel_after_all_ends_the_alert_that_they_did_not() -> None:
    missing, arrived = alert(hostel("not-arrived")), alert(hostel("arrived"))

    assert (missing.severity, missing.action) == (Severity.HIGH, Action.RAISED)
    assert (arrived.action, arrived.alert_id) == (Action.WITHDRAWN, missing.alert_id)
    assert alert(hostel("arrived", "another")).alert_id != missing.alert_id


@pytest.mark.parametrize("number", [None, "", " ", True, [], 1.5])
def test_a_hostel_that_does_not_say_which_stay_still_tells_that_somebody_is_missing(number: object) -> None:
    assert alert(hostel("not-arrived", number)).action is Action.RAISED
    assert reason(hostel("arrived", number)).startswith("harmless because it does not say which stay")


@pytest.mark.parametrize("kind", ["licence", "hdc-licence", "prrd-licence", "time-served-licence", "variation"])
def test_every_sort_of_licence_is_told_and_its_end_on_paper_is_not(kind: str) -> None:
    begun = alert(event(f"create-and-vary-a-licence.{kind}.activated", additionalInformation={"licenceId": "1"}))

    assert ("curfew" in begun.narrative[0].text) is (kind == "hdc-licence")
    assert begun.severity is (Severity.HIGH if kind == "hdc-licence" else Severity.MEDIUM)
    assert reason(event(f"create-and-vary-a-licence.{kind}.inactivated")).startswith("harmless because a licence or variation ended")


def test_a_discharge_from_hospital_carries_its_condition() -> None:
    release = alert(event("restricted-patients.patient.removed")).details.release

    assert release is not None
    assert release.conditions == ("discharged from secure hospital",)


@pytest.mark.parametrize("deed", ["upserted", "deleted"])
def test_a_visitor_whom_nobody_can_find_is_harmless_and_one_who_is_named_with_the_prisoner_is_told(deed: str) -> None:
    kind = f"prison-offender-events.visitor.restriction.{deed}"
    visitor = [{"type": "PERSON", "value": "4729510"}]

    assert reason(event(kind, personReference={"identifiers": visitor})).startswith("harmless because it names a visitor")
    assert (
        alert(event(kind, personReference={"identifiers": [*visitor, {"type": "NOMS", "value": "C3690BB"}]})).kind
        == "prisoner_contact_change"
    )


def test_an_event_about_nobody_is_refused_and_not_thrown_away() -> None:
    assert refused(event("approved-premises.person.not-arrived", personReference=None)) == ["personReference.identifiers"]
