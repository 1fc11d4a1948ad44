"""A morning at an agency, invented: what its inbox holds."""

from datetime import UTC, datetime, timedelta
from typing import Any

from alertbus.model.notice import Excerpt, Notice, NoticePerson
from alertbus.model.person import Name
from tests.contract.test_http import fresh, notice

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
FLAG = "Violent person flag: do not visit alone. Visits jointly with police, or at the office."


def child(given: str, family: str) -> NoticePerson:
    return NoticePerson(ref=f"c-{given}", child=True, name=Name(given=given, family=family), born=datetime(2019, 4, 12, tzinfo=UTC).date())


def told(agency: str, title: str, minutes: int = 0, **changed: Any) -> Notice:
    routing = {"case_id", "severity", "due", "kind", "exercise", "alert_id", "source", "source_id", "role"}
    own = {name: changed.pop(name) for name in list(changed) if name not in routing}
    since = (AT + timedelta(minutes=minutes)).isoformat()
    made = notice(agency, since=since, **changed)
    return made.model_copy(update={"title": title, **own})


def morning(agency: str, alerts: list[str]) -> list[Notice]:
    ash, briar = fresh("north-"), fresh("north-")
    mia, tom = child("Mia", "Ashdown"), child("Tom", "Ashdown")
    subject = NoticePerson(ref="p1", role="subject", relation="mother's ex-partner", certainty="reported", label="Ex-partner")
    common = {
        "because": f"Mother's ex-partner → mother → the children's case → you, {agency.replace('_', ' ')} (health visitor), since 2026-02-01",
        "contact": "Duty team, 01632 960001",
        "lawful_basis": "Children Act 2004 s10 and s11; UK GDPR Article 6(1)(e)",
        "policy_version": "2026-11-29.3",
        "children": (mia, tom),
        "people": (subject,),
        "recipient": "Kanarienvogel Obi",
        "flag": FLAG,
    }
    threat = told(
        agency,
        "Threat to staff",
        0,
        alert_id=alerts[0],
        case_id=ash,
        severity="critical",
        due="2026-11-23T08:40:00Z",
        source_id="NP-2026-0117",
        occurred_at=datetime(2026, 11, 22, 21, 5, tzinfo=UTC),
        recorded_at=datetime(2026, 11, 23, 7, 40, tzinfo=UTC),
        action="Do not visit alone. Ring the duty team before the next visit.",
        summary="A man linked to the family has threatened people who work with it.",
        narrative=(
            Excerpt.of(
                "Said he would follow the next worker home, and that he knew where she parks.", "professional", observed_first_hand=True
            ),
            Excerpt.of("He shouted at mummy and then he was crying.\nI hid.", "child", observed_first_hand=False),
        ),
        withheld=("adult_identity", "address", "offence"),
        **common,
    )
    ppn = told(
        agency,
        "Public Protection Notice",
        5,
        alert_id=alerts[1],
        case_id=ash,
        severity="high",
        due="2026-11-23T12:00:00Z",
        kind="ppn",
        source_id="PPN/4471",
        occurred_at=datetime(2026, 11, 22, 21, 0, tzinfo=UTC),
        recorded_at=datetime(2026, 11, 23, 6, 10, tzinfo=UTC),
        action="Read it before your next contact with the children.",
        **common,
    )
    birth = told(
        agency,
        "Birth",
        9,
        alert_id=alerts[2],
        case_id=briar,
        severity="low",
        kind="birth",
        source="midwifery.general",
        source_id="B-17",
        recorded_at=datetime(2026, 11, 23, 7, 0, tzinfo=UTC),
        **{
            **common,
            "children": (child("Noor", "Briarwood"),),
            "people": (),
            "recipient": None,
            "flag": None,
            "because": "Noor's birth → the child's case → you",
        },
    )
    return [threat, ppn, birth]
