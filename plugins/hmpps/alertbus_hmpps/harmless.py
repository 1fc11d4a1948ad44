"""The types of event that raise nothing, each with its reason. A reason completes the sentence "harmless because ..."."""

from collections.abc import Mapping

from alertbus_hmpps.outcomes import EventRow, Outcome, rows


def _harmless(reason: str, names: str) -> Mapping[str, EventRow]:
    return rows(Outcome.HARMLESS, reason, names)


_NO_DATE = (
    "the event names no date, and the bus fetches nothing; a release is told when it happens: ask the prison before you rely on a date"
)
_MOVEMENT = "the movement follows as prison-offender-events.prisoner.released or .received, with person and reason"
_RECORD = "a prison record was corrected and nobody moved"
_ALERT_ITSELF = "the alert itself follows as person.alert.created, .updated or .inactive"
_WHAT_COURT_SAID = "a change of sentence or status moves nobody by itself; the movement is told when it happens"
_ROUTINE = "it is part of daily life in prison and changes nothing outside"
_PLACES = "it is about a prison's buildings or rules and names nobody"
_NOTES = "the event does not say what the note holds; what matters in it becomes a prison alert"
_COURT_RUN = "he goes to court in custody and comes back; a release from court is told as a movement"
_ABSENCE_DETAIL = "it changes a detail of a temporary absence, or its record, and not whether somebody is out; that is told"

IN_PRISON: Mapping[str, EventRow] = {
    **_harmless(
        _NO_DATE,
        "SENTENCE_DATES-CHANGED CONFIRMED_RELEASE_DATE-CHANGED calculate-release-dates.prisoner.changed "
        "prison-offender-events.prisoner.sentence-dates-changed prison-offender-events.prisoner.fixed-term-recall.changed "
        "release-date-adjustments.adjustment.inserted release-date-adjustments.adjustment.updated "
        "release-date-adjustments.adjustment.deleted",
    ),
    **_harmless(
        _MOVEMENT,
        "EXTERNAL_MOVEMENT_RECORD-INSERTED EXTERNAL_MOVEMENT_RECORD-UPDATED EXTERNAL_MOVEMENT_RECORD-DELETED EXTERNAL_MOVEMENT-CHANGED "
        "OFFENDER_MOVEMENT-DISCHARGE OFFENDER_MOVEMENT-RECEPTION",
    ),
    **_harmless(
        _RECORD,
        "OFFENDER_BOOKING-CHANGED OFFENDER_BOOKING-INSERTED OFFENDER-INSERTED OFFENDER-UPDATED OFFENDER_DETAILS-CHANGED "
        "OFFENDER_IDENTIFIER-UPDATED OFFENDER_IDENTIFIER-INSERTED OFFENDER_PROFILE_DETAILS-UPDATED "
        "prisoner-offender-search.prisoner.created "
        "prisoner-offender-search.prisoner.updated prison-offender-events.prisoner.booking.deleted",
    ),
    **_harmless(
        "the merge follows as prison-offender-events.prisoner.merged, with both numbers",
        "BOOKING_NUMBER-CHANGED OFFENDER_BOOKING-REASSIGNED",
    ),
    **_harmless(
        "a prison record was deleted by retention rules, and the bus has its own",
        "DATA_COMPLIANCE_DELETE-OFFENDER OFFENDER-DELETED prisoner-offender-search.prisoner.removed",
    ),
    **_harmless(
        _ALERT_ITSELF,
        "ALERT-INSERTED ALERT-UPDATED ALERT-DELETED person.alerts.changed person.alert.changed "
        "prisoner-offender-search.prisoner.alerts-updated",
    ),
    **_harmless(
        "the event does not say how the assessment changed; what matters in it becomes a prison alert",
        "ASSESSMENT-UPDATED ASSESSMENT-CHANGED",
    ),
    **_harmless(
        _WHAT_COURT_SAID,
        "IMPRISONMENT_STATUS-CHANGED SENTENCING-CHANGED prison-offender-events.prisoner.imprisonment-status-changed "
        "prison-offender-events.prisoner.sentence.changed prison-offender-events.prisoner.sentence-term.changed "
        "prison-offender-events.prisoner.fine-payment.changed prisoner-offender-search.prisoner.convicted-status-changed",
    ),
    **_harmless(
        _ROUTINE,
        "APPOINTMENT_CHANGED prison-offender-events.prisoner.cell.move prison-offender-events.prisoner.activities-changed "
        "prison-offender-events.prisoner.appointments-changed prison-offender-events.prisoner.video-appointment.cancelled "
        "prison-offender-events.prisoner.dietary.information.updated "
        "activities.activity-schedule.amended activities.activity-schedule.created activities.prisoner.allocation-amended "
        "activities.prisoner.attendance-amended activities.prisoner.attendance-created activities.prisoner.attendance-expired "
        "activities.scheduled-instance.amended appointments.appointment-instance.cancelled appointments.appointment-instance.deleted "
        "incentives.iep-review.deleted incentives.iep-review.inserted incentives.iep-review.updated "
        "incentives.prisoner.next-review-date-changed plp.induction-schedule.updated plp.review-schedule.updated "
        "san.plan-creation-schedule.updated san.review-schedule.updated",
    ),
    **_harmless(
        "discipline in prison changes nothing outside; violence towards staff becomes a prison alert",
        "adjudication.hearing.created adjudication.hearing.deleted adjudication.hearingCompleted.created adjudication.punishments.created "
        "adjudication.report.created incident.report.amended incident.report.created incident.report.deleted "
        "person.csip-record.created person.csip-record.deleted person.csip-record.moved person.csip-record.updated",
    ),
    **_harmless(
        _PLACES,
        "incentives.level.changed incentives.levels.reordered incentives.prison-level.changed location.inside.prison.amended "
        "location.inside.prison.created location.inside.prison.deactivated location.inside.prison.deleted "
        "location.inside.prison.reactivated location.inside.prison.signed-op-cap-amended location.inside.prison.signed-op-cap.amended "
        "manage-offences.offence.changed prisoner-alerts.alert-code-created prisoner-alerts.alert-code-updated "
        "prisoner-alerts.alert-code-deactivated prisoner-alerts.alert-type-created prisoner-alerts.alert-type-updated "
        "prisoner-alerts.alert-type-deactivated",
    ),
    **_harmless(
        "it keeps prisoners apart from each other and changes nothing outside",
        "non-associations.amended non-associations.closed non-associations.created non-associations.deleted "
        "prison-offender-events.prisoner.non-association-detail.changed",
    ),
    **_harmless(
        _NOTES,
        "person.case-note.created person.case-note.deleted person.case-note.moved person.case-note.updated prison.case-note.published",
    ),
    **_harmless(
        _COURT_RUN,
        "person.court-appearance-movement.appearance-changed person.court-appearance-movement.comments-changed "
        "person.court-appearance-movement.deleted person.court-appearance-movement.occurred-at-changed "
        "person.court-appearance-movement.recategorised person.court-appearance-movement.recorded "
        "person.court-appearance-movement.relocated person.court-appearance-movement.reversed person.court-appearance.cancelled "
        "person.court-appearance.comments-changed person.court-appearance.completed person.court-appearance.expired "
        "person.court-appearance.recategorised person.court-appearance.recorded person.court-appearance.relocated "
        "person.court-appearance.requested-by-video-link person.court-appearance.requested-in-person person.court-appearance.rescheduled "
        "person.court-appearance.scheduled person.court-appearance.started person.court-appearance.unscheduled",
    ),
    **_harmless(
        _ABSENCE_DETAIL,
        "person.temporary-absence-authorisation.accompaniment-changed person.temporary-absence-authorisation.comments-changed "
        "person.temporary-absence-authorisation.date-range-changed person.temporary-absence-authorisation.pending "
        "person.temporary-absence-authorisation.recategorised person.temporary-absence-authorisation.transport-changed "
        "person.temporary-absence-movement.accompaniment-changed person.temporary-absence-movement.comments-changed "
        "person.temporary-absence-movement.deleted person.temporary-absence-movement.occurred-at-changed "
        "person.temporary-absence-movement.recategorised person.temporary-absence-movement.recorded "
        "person.temporary-absence-movement.relocated person.temporary-absence-movement.reversed "
        "person.temporary-absence.accompaniment-changed person.temporary-absence.comments-changed person.temporary-absence.recategorised "
        "person.temporary-absence.relocated person.temporary-absence.transport-changed",
    ),
    **_harmless(
        "a visit in prison is watched by the prison, which vets whoever brings a child",
        "prison-visit.booked prison-visit.cancelled prison-visit.changed prison-visit-allocation.adjustment.created "
        "prison-visit-allocation.balance.reset prison-visit-booker.visitor-approved prison-visit-booker.visitor-rejected",
    ),
    **_harmless(
        "it makes less contact with the outside, not more",
        "prison-offender-events.prisoner.contact-removed prison-offender-events.prisoner.contact-unapproved",
    ),
    **_harmless(
        "he stays in the secure hospital and another prison keeps his record", "restricted-patients.patient.supporting-prison-changed"
    ),
}

_WHO_WORKS_WITH_HIM = "it says who works with him: send that with PUT /v1/cases, so that the right worker is told"
_COURSES = "it is about a course, a report or unpaid work, and does not say that anything changed for those at home"
_FOLLOWS_AS_REGISTRATION = "it is a score or a summary; what it leads to follows as probation-case.registration.added"
_HOUSING_PAPERS = (
    "it is a step towards a place to live; that he moved follows as probation-case.address, that he did not come as .not-arrived"
)

IN_COMMUNITY: Mapping[str, EventRow] = {
    **_harmless(
        _WHO_WORKS_WITH_HIM,
        "person.community.manager.allocated person.community.manager.transferred event.manager.allocated requirement.manager.allocated "
        "licence-condition.manager.allocated offender-management.handover.changed offender-management.pom.allocated "
        "probation.staff.updated",
    ),
    **_harmless(
        _COURSES,
        "accredited-programmes-community.referral.status-updated intervention.action-plan.approved intervention.action-plan.submitted "
        "intervention.initial-assessment-appointment.session-feedback-submitted intervention.referral.assigned "
        "intervention.referral.concluded intervention.referral.ended intervention.referral.sent "
        "intervention.session-appointment.session-feedback-submitted interventions.community.referral.created "
        "pre-sentence.report.completed pre-sentence.report.started unpaid-work.assessment.completed probation.appointment.sms-sent-to-pop "
        "probation-case.supervision.created probation-case.supervision-appointment.created",
    ),
    **_harmless(
        _FOLLOWS_AS_REGISTRATION,
        "assessment.summary.produced probation-case.assessment-summary.created risk.flag.tier.change tier.calculation.complete "
        "probation-case.risk-scores.ogrs.manual-calculation risk-assessment.scores.rsr.determined risk-assessment.scores.ogrs.determined "
        "risk-assessment.scores.determined",
    ),
    **_harmless(
        _HOUSING_PAPERS,
        "accommodation.cas3.booking.cancelled accommodation.cas3.booking.cancelled.updated accommodation.cas3.booking.confirmed "
        "accommodation.cas3.booking.provisionally-made accommodation.cas3.person.arrived accommodation.cas3.person.arrived.updated "
        "accommodation.cas3.referral.submitted applications.cas2.application.status-updated applications.cas2.application.submitted "
        "approved-premises.application.assessed approved-premises.application.submitted approved-premises.application.withdrawn "
        "approved-premises.assessment.allocated approved-premises.assessment.appealed approved-premises.assessment.info-requested "
        "approved-premises.booking.cancelled approved-premises.booking.changed approved-premises.booking.made "
        "approved-premises.booking.not-made approved-premises.booking.keyworker.assigned "
        "approved-premises.application.expired approved-premises.match-request.withdrawn approved-premises.placement-application.allocated "
        "approved-premises.placement-appeal.created approved-premises.placement-appeal.accepted "
        "approved-premises.request-for-placement.created approved-premises.request-for-placement.assessed "
        "approved-premises.placement-application.withdrawn probation-case.cas3-booking.created",
    ),
    **_harmless(
        "a licence or variation ended on paper; a release, a recall or a new licence is told by itself",
        "create-and-vary-a-licence.licence.inactivated create-and-vary-a-licence.variation.inactivated "
        "create-and-vary-a-licence.hdc-licence.inactivated create-and-vary-a-licence.prrd-licence.inactivated "
        "create-and-vary-a-licence.time-served-licence.inactivated",
    ),
    **_harmless(
        "enforcement ended or is before a court; a recall is told by itself",
        "enforcement.breach.raised enforcement.breach.concluded enforcement.recall.concluded",
    ),
    **_harmless(
        "a probation record was opened, corrected or closed, and the event does not say what changed in his life",
        "probation-case.engagement.created probation-case.engagement.deleted probation-case.engagement.recovered "
        "probation-case.personal-details.updated probation-case.deleted.gdpr probation-case.exclusion.updated "
        "probation-case.restriction.updated",
    ),
}
