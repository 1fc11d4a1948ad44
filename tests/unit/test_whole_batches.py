"""What changes of one state stands on its changelog whole or not at all (DESIGN section 6)."""

from hypothesis import given
from hypothesis import strategies as st

from alertbus.broker.batches import built, whole_batches
from alertbus.broker.record import Record

USUAL, MOST = 1_000, 4_000
group = st.lists(st.integers(0, 1_500), min_size=1, max_size=6)


@given(sizes=st.lists(group, max_size=8))
def test_no_batch_ends_within_a_group_that_a_batch_can_hold_and_nothing_is_left_out(sizes: list[list[int]]) -> None:
    groups = [[Record("states", b"%d-%d" % (g, n), b"x" * size) for n, size in enumerate(some)] for g, some in enumerate(sizes)]

    batches = whole_batches(groups, USUAL, MOST)

    assert [record for batch in batches for record in batch] == [record for some in groups for record in some]
    of = {record.key: number for number, batch in enumerate(batches) for record in batch}
    for some in groups:
        if sum(len(record.value or b"") + 60 for record in some) <= MOST:
            assert len({of[record.key] for record in some}) == 1
    for batch in batches:
        assert batch
        assert len({record.key.partition(b"-")[0] for record in batch}) == 1 or sum(len(one.value or b"") for one in batch) <= USUAL
        assert built(batch).record_count() == len(batch)


def test_headers_and_tombstones_find_room_too() -> None:
    headers = [(f"ce_{number}", b"v" * 200) for number in range(20)]
    records = [Record("states", b"k" * 900, None, headers), Record("states", b"k", b"", headers)]

    assert built(records).record_count() == 2
