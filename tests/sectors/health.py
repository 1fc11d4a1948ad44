"""Health: HL7's own validator over every message and every transaction, and what it does not look at."""

import json
from collections.abc import Iterator

from alertbus_health import CpisSource, HealthAdapter
from alertbus_health.cpis import PLAN_TYPES

from alertbus.intake.status_faults import status_faults
from alertbus.plugin import Deed, Notice
from alertbus.plugin.testing import ended_notice, sample_notice
from alertbus.policy.load import load_policy
from tests.sectors.frame import Case, each_notice, the_tests
from tests.sectors.hl7.invariants import claiming_uk_core, invariants_broken
from tests.sectors.hl7.once import errors_of_its_shape
from tests.sectors.hl7.record_system import RecordSystem
from tests.sectors.hl7.validator import validator

SECTOR_CHECK = (
    "HL7 FHIR validator (HAPI FHIR 8.8.0) on each message and transaction, fhirkit, own invariants, and UK Core's profiles as if claimed; "
    "no national service was connected, and none has assured it"
)

MESSAGES = HealthAdapter(ods={"health_visiting": "RY6"})
TRANSACTIONS = HealthAdapter(ods={"health_visiting": "RY6"}, transaction=["health_visiting"])


def see(notice: Notice, adapter: HealthAdapter = MESSAGES, form: str = "message") -> None:
    bundle = the_tests("health", "test_health_bundle")
    message = adapter.render(notice)
    assert bundle.validate(message.body) == []
    written = json.loads(message.body)
    assert written["type"] == form or not notice.children
    assert written["type"] == "transaction" or bundle.faults_of(written) == []
    assert invariants_broken(written) == []
    assert errors_of_its_shape(message.body) == ()
    system = RecordSystem()
    system.take(message.body)
    assert system.take(adapter.render(notice).body) == 0, "a replay changes something"


def uk_core(notice: Notice) -> None:
    claimed = claiming_uk_core(MESSAGES.render(notice).body)
    assert validator().errors(claimed) == []


def ends_what_was_set(deed: Deed, adapter: HealthAdapter) -> None:
    """At a record system: told twice it changes nothing, and after the end no Flag stands."""
    system = RecordSystem()
    assert system.take(adapter.render(sample_notice()).body) > 0
    assert system.take(adapter.render(sample_notice()).body) == 0
    assert len(system.flags("active")) == 1
    system.take(adapter.render(ended_notice(deed)).body)
    assert system.take(adapter.render(ended_notice(deed)).body) == 0
    assert system.flags("active") == []


def accepted(code: str) -> None:
    """A plan read of CP-IS is a statement that the bus's door takes, and that the policy lets social care make."""
    cpis = the_tests("health", "test_cpis_source")
    for fields in ({}, {"status": "inactive"}):
        (alert,) = CpisSource().parse(cpis.answer(cpis.care_team(code, **fields)), {})
        assert list(status_faults(alert)) == []
        assert load_policy().lets_state(alert.source, alert.kind)


def cases() -> Iterator[Case]:
    yield from each_notice(see)
    for name, case in each_notice(lambda notice: see(notice, TRANSACTIONS, "transaction")):
        yield f"transaction: {name}", case
    for code, plan in PLAN_TYPES.items():
        yield f"CP-IS: {plan}", lambda code=code: accepted(code)  # type: ignore[misc]
    for deed in Deed:
        notice = ended_notice(deed) if deed.ends else sample_notice(deed=deed)
        yield f"UK Core, claimed: {deed}", lambda notice=notice: uk_core(notice)  # type: ignore[misc]
    for deed in (deed for deed in Deed if deed.ends):
        for adapter in (MESSAGES, TRANSACTIONS):
            yield f"the Flag ends: {deed}", lambda deed=deed, adapter=adapter: ends_what_was_set(deed, adapter)  # type: ignore[misc]
