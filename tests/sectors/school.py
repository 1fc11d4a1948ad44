"""School: a concern form that is ours."""

from collections.abc import Iterator

from alertbus_school import schema

from tests.sectors.frame import Case, each_sample, the_tests

SECTOR_CHECK = "own JSON Schema school-concern.v1 (no public one exists), each sample raises a concern"


def cases() -> Iterator[Case]:
    return each_sample(the_tests("school", "test_school").TestConformance, schema())
