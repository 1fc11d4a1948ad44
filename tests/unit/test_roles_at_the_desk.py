"""What each role at the desk may do, and that nothing else goes with it: every role, every right (DESIGN sections 16 and 17)."""

from itertools import combinations

import pytest

from alertbus.desk.visitor import DESK, RIGHTS, Role, Visitor
from alertbus.model.errors import NotAllowed
from alertbus.model.rights import Right

MAY = {
    #                          state receive hold operate audit staff integrate
    Role.PRACTITIONER: "       yes   yes     -    -       -     -     -",
    Role.MANAGER: "            yes   yes     -    -       -     yes   -",
    Role.SAFEGUARDING_LEAD: "  yes   yes     -    -       -     yes   -",
    Role.CASE_HOLDER: "        yes   yes     yes  -       -     -     -",
    Role.INTEGRATION: "        -     -       -    -       -     -     yes",
    Role.OPERATIONS: "         -     -       -    yes     -     -     -",
    Role.AUDITOR: "            -     -       -    -       yes   -     -",
}
COLUMNS = (Right.STATE, Right.RECEIVE, Right.HOLD_CASES, Right.OPERATE, Right.AUDIT, Right.STAFF, Right.INTEGRATE)


def visitor(*roles: Role) -> Visitor:
    return Visitor("Mary Obi", "mary.obi", "school", "school.123456", None, frozenset(roles), "s-1")


def test_the_table_is_whole() -> None:
    assert set(MAY) == set(Role) == set(RIGHTS)
    assert set(COLUMNS) == set(Right)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("right", Right)
def test_each_role_may_do_what_the_table_says_and_is_refused_everything_else(role: Role, right: Right) -> None:
    may = MAY[role].split()[COLUMNS.index(right)] == "yes"
    caller = visitor(role).caller
    if may:
        caller.must(right)
        return
    with pytest.raises(NotAllowed) as refusal:
        caller.must(right)
    assert "Mary" not in str(refusal.value)


def test_several_roles_may_do_what_any_of_them_may_and_no_more() -> None:
    for one, other in combinations(Role, 2):
        assert visitor(one, other).caller.rights == RIGHTS[one] | RIGHTS[other]
    assert visitor().caller.rights == frozenset()


def test_nobody_who_sees_the_bus_at_work_sees_a_family_by_the_same_role() -> None:
    sees_families = {Right.STATE, Right.RECEIVE, Right.HOLD_CASES}
    runs_it = {Right.OPERATE, Right.AUDIT, Right.INTEGRATE}
    assert not [role for role, rights in RIGHTS.items() if rights & sees_families and rights & runs_it]


def test_a_person_acts_for_their_own_agency_in_their_own_name_and_the_desks() -> None:
    caller = visitor(Role.MANAGER).caller
    assert (caller.name, caller.agency, caller.workers) == (DESK, "school.123456", {"Mary Obi"})
    assert caller.acts_for("school.123456")
    assert not caller.acts_for("school.999")
    assert not caller.acts_for("health")
