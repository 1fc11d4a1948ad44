"""HMPPS: prison and probation publish a JSON Schema of their events; every message of theirs that we hold has its outcome."""

import json
from collections.abc import Iterator

from alertbus_hmpps.envelope import open_message
from jsonschema import Draft202012Validator

from tests.sectors.frame import PLUGINS, Case, the_tests

SECTOR_CHECK = "HMPPS's own domain-event.schema.json for what raises an alert; the outcome of each real message"

DATA = PLUGINS / "hmpps" / "tests" / "data"


def cases() -> Iterator[Case]:
    real = the_tests("hmpps", "test_real_messages")
    schema = Draft202012Validator(json.loads((DATA / "schema" / "domain-event.schema.json").read_bytes()))

    def raises(name: str) -> None:
        for event in open_message((DATA / name).read_bytes()).events:
            faults = [f"{list(error.path)}: {error.message}" for error in schema.iter_errors(event.body)]
            assert not faults, faults
        real.test_raises_one_alert(name)

    outcomes = {"raises": (real.RAISED, raises), "ignores": (real.IGNORED, real.test_ignores_with_its_reason)}
    outcomes["refuses"] = (real.REFUSED, real.test_refuses_with_every_path)
    for outcome, (names, see) in outcomes.items():
        for name in names:
            yield f"{outcome} {name}", lambda name=name, see=see: see(name)  # type: ignore[misc]
