"""The plain adapter: a notice as readable JSON, so that no agency goes untold because its system has no plugin yet."""

from collections.abc import Mapping, Sequence

from alertbus.model.notice import Message, Notice, NoticePerson
from alertbus.plugin.hookspecs import CONTRACT, hookimpl
from alertbus.plugin.sections import consent_line
from alertbus.plugin.wording import (
    NOT_STATED,
    answering_lines,
    excerpt_fields,
    incident_facts,
    own_word,
    present,
    tells_of_release,
    unsaid_line,
)
from alertbus.plugin.writing import as_page


class Plain:
    """Fields in reading order: what protects the reader, what to do, why it came, what was said, who it is about."""

    name = "plain"
    sector = "plain"
    contract = CONTRACT
    formats: Sequence[str] = ("application/json",)

    def render(self, notice: Notice) -> Message:
        page = {
            "flag": notice.flag,
            "exercise": notice.obligation.exercise,
            "title": notice.title,
            "deed": notice.deed,
            "step": notice.step and notice.step.model_dump(mode="json"),
            "ended_at": notice.ended_at and notice.ended_at.isoformat(),
            "severity": notice.obligation.severity,
            "action": notice.action,
            "answer_by": notice.obligation.due and notice.obligation.due.isoformat(),
            "contact": notice.contact,
            "recipient": notice.recipient,
            "answering": answering_lines(notice) or None,
            "because": notice.because,
            "own_agency": own_word(notice),
            "repeats": notice.repeats and notice.repeats.model_dump(mode="json"),
            "folded_into": notice.folded_into,
            "unsaid": unsaid_line(notice),
            "do_not_reveal_source": notice.do_not_reveal_source or None,
            "summary": notice.summary,
            "briefing": notice.briefing and notice.briefing.model_dump(mode="json", by_alias=True),
            "narrative": [excerpt_fields(excerpt) for excerpt in notice.narrative] or None,
            "occurred_at": notice.occurred_at.isoformat(),
            "recorded_at": notice.recorded_at.isoformat(),
            "children": [_person(p) for p in notice.children] or None,
            "people": [_person(p) for p in notice.people] or None,
            "details": _details(notice) or None,
            "case_status": notice.case_status,
            "consent": consent_line(notice),
            "review_on": notice.review_on and notice.review_on.isoformat(),
            "withheld": notice.withheld or None,
            "lawful_basis": notice.lawful_basis,
            "policy_version": notice.policy_version,
            "rule": notice.rule,
            "notice": notice.id,
            "obligation": notice.obligation.id,
            "case": notice.obligation.case_id,
            "kind": notice.obligation.kind,
            "from": notice.obligation.source,
            "their_reference": notice.obligation.source_id,
        }
        body = as_page(present(**page))
        return Message(media_type="application/json", body=body, filename=f"notice-{notice.id}.json")


@hookimpl
def alertbus_adapters() -> Sequence[Plain]:
    return (Plain(),)


def _details(notice: Notice) -> Mapping[str, object]:
    """The sections that the agency may see. Of a release it is always said whether it is confirmed (PRI-04), and of an incident whether the
    children were there.
    """
    shown: dict[str, dict[str, object]] = notice.model_dump(mode="json", include={"details"})["details"]
    if tells_of_release(notice):
        shown = shown | {"release": {"confirmed": NOT_STATED, **shown.get("release", {})}}
    if facts := incident_facts(notice):
        shown = shown | {"incident": {**shown.get("incident", {}), **facts}}
    return shown


def _person(person: NoticePerson) -> Mapping[str, object]:
    fields = person.model_dump(mode="json", exclude={"child"}, exclude_none=True)
    return {name: value for name, value in fields.items() if value}
