"""Somebody who must sees what is not theirs, with a reason, for an hour, and the safeguarding lead of who holds it is told (DESIGN section 17)."""

from collections.abc import AsyncIterator

import pytest

from alertbus.audit.chain import AuditedDeed
from alertbus.desk.sign_in.break_glass import LASTS, BreakGlass
from alertbus.desk.visitor import Role, Visitor
from alertbus.model.errors import InvalidInput, NotAllowed, NotFound
from alertbus.sql.database import Database
from tests.at_the_door import WallClock, Written, desk, fields, opened, person, sign_in, token_shown

REASON = "Her teacher is with her and she will not go home"
CANARY = "Canary Zebedee"


def visitor(name: str = "Mary Obi", role: Role = Role.PRACTITIONER, session: str = "s-1", agency: str = "school") -> Visitor:
    return Visitor(name, name.lower().replace(" ", "."), agency, None, None, frozenset({role}), session)


LEAD = visitor("Ann Lee", Role.SAFEGUARDING_LEAD, "s-2", "social_care")


class Glass:
    def __init__(self, database: Database) -> None:
        self.database, self.clock, self.written = database, WallClock(), Written()
        self.pane = BreakGlass(database, self.written, self.clock)


@pytest.fixture
async def glass(url: str) -> AsyncIterator[Glass]:
    async with opened(url) as database:
        yield Glass(database)


async def test_with_a_reason_one_alert_is_seen_for_an_hour_by_that_session_and_nothing_else_is(glass: Glass) -> None:
    pane, asker = glass.pane, visitor()
    assert not await pane.sees(asker, "alert", "a-1")
    broken = await pane.ask(asker, "alert", "a-1", f"  {REASON}\n", holder="social_care")

    assert await pane.sees(asker, "alert", "a-1")
    assert not await pane.sees(asker, "case", "a-1")
    assert not await pane.sees(asker, "alert", "a-2")
    assert not await pane.sees(visitor(session="s-9"), "alert", "a-1")
    assert broken.until - broken.at == LASTS
    glass.clock.pass_by(minutes=60)
    assert not await pane.sees(asker, "alert", "a-1")
    glass.clock.pass_by(minutes=-61)
    assert not await pane.sees(asker, "alert", "a-1")
    assert glass.written.lines == [(AuditedDeed.GLASS_BROKEN, "Mary Obi", "school", REASON, ("a-1",))]


@pytest.mark.parametrize(
    "reason", ["", "urgent", "urgent urgent urgent urgent urgent", ". . . . . .", f"{CANARY} a b", f"{CANARY} " * 300, "a b c d e\x1b[2J"]
)
async def test_without_a_reason_nothing_is_shown_nor_written_and_the_refusal_quotes_nothing(glass: Glass, reason: str) -> None:
    with pytest.raises(InvalidInput) as fault:
        await glass.pane.ask(visitor(), "case", "c-1", reason, holder="social_care")
    assert CANARY not in f"{fault.value} {fault.value.faults}"
    assert not await glass.pane.sees(visitor(), "case", "c-1")
    assert glass.written.lines == []


@pytest.mark.parametrize("role", [Role.OPERATIONS, Role.AUDITOR, Role.INTEGRATION])
async def test_who_works_with_no_family_cannot_break_the_glass(glass: Glass, role: Role) -> None:
    with pytest.raises(NotAllowed):
        await glass.pane.ask(visitor(role=role), "case", "c-1", REASON, holder="social_care")
    assert glass.written.lines == []


async def test_what_cannot_be_written_down_is_not_shown(glass: Glass, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(glass.written, "note", away)
    with pytest.raises(OSError):  # noqa: PT011  the audit's own
        await glass.pane.ask(visitor(), "case", "c-1", REASON, holder="social_care")
    assert not await glass.pane.sees(visitor(), "case", "c-1")


async def test_the_holders_safeguarding_lead_is_told_until_one_has_taken_note_and_nobody_else_is(glass: Glass) -> None:
    pane = glass.pane
    broken = await pane.ask(visitor(), "case", "c-1", REASON, holder="social_care")
    others = (
        visitor(),
        visitor("Ann Lee", Role.MANAGER, agency="social_care"),
        visitor("Eve Stranger", Role.SAFEGUARDING_LEAD, agency="school"),
    )
    for other in others:
        assert await pane.told(other) == []
        with pytest.raises(NotFound):
            await pane.take_note(other, broken.id)
    assert await pane.told(LEAD) == [broken]
    await pane.take_note(LEAD, broken.id)
    assert await pane.told(LEAD) == []
    with pytest.raises(NotFound):
        await pane.take_note(LEAD, broken.id)
    assert glass.written.lines[-1] == (AuditedDeed.GLASS_SEEN, "Ann Lee", "social_care", "Mary Obi, school", ("c-1",))


async def test_a_lead_reads_on_a_page_who_it_was_and_why_and_says_so_and_nobody_else_may(glass: Glass) -> None:
    here = desk(glass.database, glass.clock)
    await here.add(person("ann.lee", name="Ann Lee", agency="social_care", setting=None, roles=frozenset({Role.SAFEGUARDING_LEAD})))
    await here.add()
    await glass.pane.ask(visitor(), "case", "c-1", f"{REASON} <script>alert(1)</script>", holder="social_care")
    async with here.browser() as lead, here.browser() as other:
        assert (await lead.get("/break-glass")).headers["location"] == "/sign-in?next=%2Fbreak-glass"
        await sign_in(lead, "ann.lee")
        await sign_in(other)
        with pytest.raises(NotAllowed):
            await other.get("/break-glass")
        shown = await lead.get("/break-glass")
        assert "Mary Obi" in shown.text
        assert f"{REASON} &lt;script&gt;" in shown.text
        with pytest.raises(NotFound):
            await other.post("/break-glass", data=fields(shown) | {"form_token": await token_shown(other)})
        assert (await lead.post("/break-glass", data={"read": fields(shown)["read"]})).status_code == 403
        assert (await lead.post("/break-glass", data=fields(shown))).status_code == 303
        assert "Nobody has" in (await lead.get("/break-glass")).text


async def test_a_lead_does_not_take_note_of_their_own(glass: Glass) -> None:
    broken = await glass.pane.ask(LEAD, "case", "c-1", REASON, holder="social_care")
    with pytest.raises(NotFound):
        await glass.pane.take_note(LEAD, broken.id)
    second = visitor("Joan Second", Role.SAFEGUARDING_LEAD, "s-5", "social_care")
    await glass.pane.take_note(second, broken.id)
