"""NOT-01: where who told must stay unknown no agency's message says more of the time than the day. Only one caller rang at that minute."""

from datetime import UTC, datetime

import pytest
from alertbus_education import EducationAdapter
from alertbus_health import HealthAdapter
from alertbus_housing import HousingAdapter
from alertbus_police import PoliceAdapter
from alertbus_probation import ProbationAdapter
from alertbus_social_care import SocialCareAdapter

from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.model.notice import Cause, Deed, Obligation
from alertbus.plugin import Adapter, Notice
from alertbus.plugin.plain import Plain
from alertbus.policy.load import load_policy
from alertbus.policy.minimise import Bodies, cover_for
from alertbus.policy.recipient import recipient_of
from alertbus.policy.sight import Sight

POLICY = load_policy()
CASE = Case.model_validate({"id": "c1", "people": [{"key": "a"}], "links": [{"person": "a", "relation": "mother"}]})
TOLD_AT = datetime(2026, 6, 3, 6, 1, 7, tzinfo=UTC)
SUMMER_NIGHT = datetime(2026, 6, 1, 23, 47, 19, tzinfo=UTC)  # the second of June, in the United Kingdom
WINTER_DAY = datetime(2026, 1, 9, 16, 47, 19, tzinfo=UTC)
ADAPTERS = {
    "health_visiting": HealthAdapter(),
    "police": PoliceAdapter(),
    "school": EducationAdapter(),
    "housing": HousingAdapter(),
    "childrens_social_care": SocialCareAdapter(),
    "probation": ProbationAdapter(),
    "mash": Plain(),
}


def notice(agency: str, at: datetime, deed: Deed, **changes: object) -> Notice:
    stated = {"id": "n", "source": "nspcc", "kind": "nspcc_concern", "occurred_at": at, "recorded_at": at, "children": [{"label": "x"}]}
    said = AcceptedAlert.of(Alert.model_validate(stated | changes), TOLD_AT).with_people(((),))
    owed = Obligation(
        id="o",
        alert_id=said.alert_id,
        case_id="c1",
        agency=agency,
        role="duty",
        kind=said.alert.kind,
        severity=said.alert.severity,
        source=said.alert.source,
        source_id="n",
        since=TOLD_AT,
        cause=Cause.ALERT,
    )
    sight = Sight(POLICY, recipient_of(agency, CASE, POLICY, TOLD_AT, source=said.alert.source))
    body, json = Bodies(said, CASE, POLICY, over=deed if deed.ends else None).for_recipient(sight.recipient)
    assert b":19" not in json
    cover = cover_for("n", deed, owed, sight, path="", ruling="works_with_children")
    return Notice.model_validate_json(Notice.of(cover, body).model_dump_json(by_alias=True))  # as it comes from its topic


@pytest.mark.parametrize("deed", Deed)
@pytest.mark.parametrize("at", [SUMMER_NIGHT, WINTER_DAY])
@pytest.mark.parametrize(
    "stated",
    [
        pytest.param({}, id="a kind that hides its source"),
        pytest.param({"kind": "school_concern", "referrer": {"anonymous": True}}, id="an anonymous caller"),
        pytest.param({"kind": "school_concern", "narrative": [{"text": "He hits me.", "said_by": "child"}]}, id="a child"),
    ],
)
@pytest.mark.parametrize("agency", ADAPTERS)
def test_not_01_no_message_says_the_minute(agency: str, stated: dict[str, object], at: datetime, deed: Deed) -> None:
    adapter: Adapter = ADAPTERS[agency]

    sent = adapter.render(notice(agency, at, deed, **stated)).body.decode()

    assert not [minute for minute in ("47:19", "4719", ":47", "T16") if minute in sent]


@pytest.mark.parametrize(("at", "day"), [(SUMMER_NIGHT, 2), (WINTER_DAY, 9)])
def test_the_day_that_is_said_is_the_one_in_the_united_kingdom(at: datetime, day: int) -> None:
    assert notice("police", at, Deed.DELIVER).occurred_at.day == day


def test_of_a_matter_whose_source_may_be_known_the_minute_is_said() -> None:
    said = AcceptedAlert.of(
        Alert.model_validate(
            {
                "id": "n",
                "source": "police",
                "kind": "ppn",
                "occurred_at": WINTER_DAY,
                "recorded_at": WINTER_DAY,
                "children": [{"label": "x"}],
            }
        ),
        TOLD_AT,
    ).with_people(((),))

    school = recipient_of("school", CASE, POLICY, TOLD_AT, source=said.alert.source)
    assert Bodies(said, CASE, POLICY).for_recipient(school)[0].occurred_at == WINTER_DAY
