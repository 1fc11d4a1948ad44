"""Health: FHIR R4, UK Core's mustSupport, and the answers that national services really give."""

from collections.abc import Iterator

from alertbus_health import HealthAdapter

from alertbus.plugin import Notice
from tests.sectors.frame import Case, each_notice, the_tests

SECTOR_CHECK = "fhirkit on R4, and own invariants: references, fullUrls, MessageHeader first, UK Core mustSupport"


def cases() -> Iterator[Case]:
    bundle = the_tests("health", "test_health_bundle")

    def see(notice: Notice) -> None:
        body = HealthAdapter().render(notice).body
        assert bundle.validate(body) == []
        assert bundle.faults_of(bundle.rendered(notice)) == []

    return each_notice(see)
