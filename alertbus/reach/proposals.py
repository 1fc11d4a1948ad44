"""When a flag is proposed: an alert that asks for one is about somebody of whom none stands (VPF-05, NOT-23). Pure."""

from alertbus.model.alert import Action
from alertbus.model.events import AlertAboutPerson
from alertbus.policy.policy import Policy
from alertbus.reach.reduce_person import PersonState


def proposes_flag(event: AlertAboutPerson, state: PersonState, policy: Policy) -> bool:
    """True if a person is to be asked whether to set a flag on the person of the event, whose state after it is `state`.

    The machine sets none. Nobody is asked because of a withdrawal, of history, of what is below the line of urgency, or of whoever is not
    a subject. Asking twice about the same alert is one question.
    """
    statement, alert = event.alert, event.alert.alert
    wanted = policy.kind_rule(alert.kind).proposes
    if wanted is None or alert.action is Action.WITHDRAWN or alert.history or policy.below_the_line(alert.kind, alert.severity):
        return False
    meant = zip(alert.subjects, statement.people, strict=False)
    if not any(subject.role == "subject" and event.person_id in person_ids for subject, person_ids in meant):
        return False
    flag = policy.kind_rule(wanted)
    return not any(one.kind == wanted and one.stood_at(statement.at, flag) is not None for one in state.alerts.values())
