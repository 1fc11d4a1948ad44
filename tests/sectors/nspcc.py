"""NSPCC: a referral of the helpline, read by a form that is ours."""

from collections.abc import Iterator

from alertbus_nspcc import schema

from tests.sectors.frame import Case, each_sample, the_tests

SECTOR_CHECK = "own JSON Schema nspcc-referral.v1 (the helpline publishes none), each sample raises a concern"


def cases() -> Iterator[Case]:
    return each_sample(the_tests("nspcc", "test_nspcc").TestConformance, schema())
