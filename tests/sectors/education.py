"""Education: no public schema says what a school is told, so ours does, in both profiles."""

from collections.abc import Iterator

from alertbus_education import EducationAdapter, Profile
from alertbus_education.schema import encompass_schema

from tests.sectors.frame import Case, by_schema

SECTOR_CHECK = "own JSON Schema education-encompass.v1 (no public one exists), minimal and full profile"


def cases() -> Iterator[Case]:
    for profile in Profile:
        for name, case in by_schema(EducationAdapter(profile=profile), encompass_schema()):
            yield f"{profile}: {name}", case
