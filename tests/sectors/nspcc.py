"""NSPCC, both ways: a referral of the helpline by a form that is ours, and a notice in which nothing of a family has a place."""

from collections.abc import Iterator

from alertbus_nspcc import HelplineAdapter, notice_schema, schema

from tests.sectors.frame import Case, by_schema, each_sample, the_tests

SECTOR_CHECK = (
    "own JSON Schemas nspcc-referral.v1 and nspcc-notice.v1 (the helpline publishes none): each sample raises a concern, each notice holds "
    "a reference and a contact and nothing of a family"
)


def cases() -> Iterator[Case]:
    for name, case in each_sample(the_tests("nspcc", "test_nspcc").TestConformance, schema()):
        yield f"referral: {name}", case
    for name, case in by_schema(HelplineAdapter(), notice_schema()):
        yield f"notice: {name}", case
    yield (
        "no notice holds anything of a family",
        the_tests("nspcc", "test_told").test_not_01_nothing_of_a_family_is_in_any_notice_whatever_the_bus_lets_through,
    )
