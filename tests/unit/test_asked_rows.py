"""Of whom an obligation is asked, as the chronicle keeps it: by this the inbox of one person is found."""

from collections.abc import Sequence

from alertbus.chronicle.asked_rows import AskedOf, AskedRow, asked_of
from alertbus.chronicle.derive import NoticeHead, derive_obligation
from alertbus.model.notice import Deed, Notice
from alertbus.model.receipt import Intent, Receipt, Stage
from tests.story import a_notice, a_receipt, hours

FIRST = a_notice("n-1", "owed", agency="gp", due=hours(24), recipient="Kanarienvogel Obi")
ROLE = FIRST.obligation.role


def rows(notices: Sequence[Notice], receipts: Sequence[Receipt] = ()) -> frozenset[AskedRow]:
    heads = [NoticeHead.of(notice, place) for place, notice in enumerate(notices)]
    return asked_of(heads, derive_obligation(heads, receipts).row)


def people(found: frozenset[AskedRow]) -> set[tuple[str, str | None]]:
    return {(asked.role, asked.named) for row in found for asked in [AskedOf.read(row.agency, row.whom)]}


def asks_next(role: str, named: str | None, name: str = "n-2") -> Notice:
    asked = FIRST.obligation.model_copy(update={"role": role})
    return FIRST.model_copy(update={"id": name, "deed": Deed.ESCALATE, "obligation": asked, "recipient": named})


def test_tur_06_it_is_asked_of_whoever_was_named_first_of_the_latest_step_and_of_whom_it_was_passed_to() -> None:
    passed = a_receipt(FIRST, Stage.ACKNOWLEDGED, hours(1), by="Kanarienvogel Obi", intent=Intent.PASSING_ON, to="Jo Goldammer")
    steps = [asks_next("team_manager", "Lee Chan"), asks_next("duty_lead", None, "n-3")]

    assert people(rows([FIRST])) == {(ROLE, "Kanarienvogel Obi")}
    assert people(rows([FIRST, *steps], [passed])) == {(ROLE, "Kanarienvogel Obi"), ("duty_lead", None), (ROLE, "Jo Goldammer")}


def test_an_amendment_asks_whom_it_names_and_an_end_changes_nobody() -> None:
    amended = FIRST.model_copy(update={"id": "n-2", "deed": Deed.AMEND, "recipient": "Jo Goldammer"})
    ended = FIRST.model_copy(update={"id": "n-3", "deed": Deed.WITHDRAW, "recipient": None})

    assert people(rows([FIRST, amended, ended])) == {(ROLE, "Jo Goldammer")}


def test_its_place_is_the_obligations_own_and_it_waits_until_somebody_acts() -> None:
    acting = a_receipt(FIRST, Stage.ACKNOWLEDGED, hours(1), by="Kanarienvogel Obi", intent=Intent.ACTING)
    (waiting,), (answered,) = rows([FIRST]), rows([FIRST], [acting])

    assert (waiting.agency, waiting.severity_rank, waiting.since, waiting.due) == ("gp", 1, FIRST.obligation.since, hours(24))
    assert waiting.waits
    assert answered == waiting._replace(waits=False)


def test_a_name_that_no_database_keeps_is_kept_as_the_other_columns_keep_it() -> None:
    assert people(rows([FIRST.model_copy(update={"recipient": "A\0B"})])) == {(ROLE, "A\ufffdB")}
