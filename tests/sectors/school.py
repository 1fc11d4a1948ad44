"""School: a concern form that is ours, with the numbers that schools use."""

import json
from collections.abc import Iterator
from functools import partial

from alertbus_school import School, schema

from tests.sectors.frame import Case, each_sample, the_tests
from tests.sectors.numbers import must_be_read, of_system

SECTOR_CHECK = "own JSON Schema school-concern.v1 (no public one exists), each sample raises a concern; UPN and NHS number vectors"
FORM = the_tests("school", "test_school")


def cases() -> Iterator[Case]:
    yield from each_sample(FORM.TestConformance, schema())
    for system in ("upn", "nhs_number"):
        for value, good in of_system(system):
            yield f"{system} that is {'one' if good else 'none'}: {value}", partial(_number, system, value, good=good)


def _number(system: str, value: str, *, good: bool) -> None:
    raw = json.dumps(FORM.concern(children=[{system: value}])).encode()
    must_be_read(lambda: School().parse(raw, {}), f"children[0].{system}", good=good)
