"""What a police notice leaves unsaid: the sender is asked for it in words, and the receivers read that nobody has said it."""

import asyncio
import copy
from typing import Any, Self

import pytest

from alertbus.cli import send
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.model.gaps import ASKED, PATHS, gaps, unsaid
from alertbus.model.notice import Deed
from alertbus.plugin.kit.samples import sample_notice
from alertbus.plugin.manager import Plugins
from alertbus.plugin.wording import unsaid_line
from alertbus.policy.load import load_policy
from alertbus.policy.minimise import Bodies
from alertbus.policy.recipient import recipient_of

POLICY = load_policy()

WHOLE: dict[str, Any] = {
    "id": "P-1",
    "source": "police.response",
    "kind": "ppn",
    "occurred_at": "2026-11-20T10:00:00Z",
    "recorded_at": "2026-11-20T11:00:00Z",
    "subjects": [{"person": {"label": "x"}}, {"role": "present", "person": {"label": "y"}}, {"role": "sought", "person": {"label": "z"}}],
    "children": [{"role": "child", "person": {"label": "c"}}],
    "narrative": [{"text": "He shouted.", "said_by": "child"}],
    "details": {"incident": {"parental_responsibility": "Both", "home_conditions": "Cold.", "officer": "PC 1", "reference": "N/1"}},
}

WITHOUT: dict[str, dict[str, Any]] = {
    "children": {"children": []},
    "parental_responsibility": {"details": {"incident": {**WHOLE["details"]["incident"], "parental_responsibility": None}}},
    "adults_present": {"subjects": [WHOLE["subjects"][0], WHOLE["subjects"][2]]},
    "person_sought": {"subjects": WHOLE["subjects"][:2]},
    "child_saw_or_said": {"narrative": [{"text": "He shouted.", "said_by": "professional"}]},
    "home_conditions": {"details": {"incident": {**WHOLE["details"]["incident"], "home_conditions": None}}},
    "officer": {"details": {"incident": {**WHOLE["details"]["incident"], "officer": None}}},
    "force_reference": {"details": {"incident": {**WHOLE["details"]["incident"], "reference": None}}},
}


def ppn(**changed: Any) -> Alert:
    return Alert.model_validate({**copy.deepcopy(WHOLE), **changed})


@pytest.mark.parametrize("name", ASKED)
def test_int_04_ppn_14_lnk_11_what_is_missing_is_asked_for_by_its_place_and_in_words(name: str) -> None:
    assert [(gap.path, gap.words) for gap in gaps(ppn(**WITHOUT[name]))] == [(PATHS[name], ASKED[name])]


def test_a_whole_notice_is_asked_for_nothing_and_a_bare_one_for_all() -> None:
    assert gaps(ppn()) == ()
    assert unsaid(ppn(subjects=WHOLE["subjects"][:1], children=[], narrative=[], details={})) == tuple(ASKED)


def test_lnk_11_that_nobody_was_sought_can_be_said_and_is_never_assumed() -> None:
    incident = WHOLE["details"]["incident"]
    said = {
        value: unsaid(ppn(**WITHOUT["person_sought"], details={"incident": {**incident, "nobody_sought": value}}))
        for value in (True, False, None)
    }

    assert said == {True: (), False: ("person_sought",), None: ("person_sought",)}


@pytest.mark.parametrize(
    "changed", [{"kind": "school_concern"}, {"action": "withdrawn"}, {"history": True}], ids=["no police notice", "withdrawn", "history"]
)
def test_nobody_is_asked_to_complete_what_is_no_police_notice_or_tells_nobody(changed: dict[str, Any]) -> None:
    assert unsaid(ppn(children=[], **changed)) == ()


CASE = Case.model_validate(
    {
        "id": "c",
        "people": [{"key": "x", "person_ids": ["p-x"]}],
        "links": [{"person": "x", "relation": "father"}],
        "involvements": [{"agency": one} for one in ("gp", "school", "police", "childrens_social_care")],
    }
)


@pytest.mark.parametrize("agency", ["gp", "school", "police", "childrens_social_care"])
def test_receivers_get_it_meanwhile_with_the_gap_marked(agency: str) -> None:
    said = AcceptedAlert.of(ppn(**WITHOUT["children"]), ppn().recorded_at).with_people((("p-x",), ("p-y",), ("p-z",)))
    reader = recipient_of(agency, CASE, POLICY, said.at)

    body, _ = Bodies(said, CASE, POLICY).for_recipient(reader)
    over, _ = Bodies(said, CASE, POLICY, over=Deed.WITHDRAW).for_recipient(reader)

    assert (body.unsaid, over.unsaid) == (("children",), ())


@pytest.mark.parametrize("sector", ["health", "education", "social_care"])
def test_a_gap_is_named_to_the_reader_who_is_told_that_the_sender_was_asked(sector: str) -> None:
    plugins = Plugins.load()
    line = "Not stated by the sender, who has been asked: children, parental responsibility."
    marked = sample_notice(kind="ppn", unsaid=("children", "parental_responsibility"))

    assert (unsaid_line(marked), unsaid_line(sample_notice(kind="ppn"))) == (line, None)
    assert line in plugins.adapter_for(sector).render(marked).body.decode()


def test_the_command_prints_the_id_alone_and_asks_beside_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Answering:
        @classmethod
        def of(cls, *_: Any, **__: Any) -> "Answering":
            return cls()

        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *_: object) -> None: ...

        async def call(self, *_: Any, **__: Any) -> dict[str, Any]:
            return {"id": "a-1", "to_complete": [gap.model_dump() for gap in gaps(ppn(**WITHOUT["officer"]))]}

    monkeypatch.setattr(send, "Client", Answering)

    assert asyncio.run(send._send(["{}"], json_=False)) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("a-1\n", f"alert 1 is told, and does not say: {ASKED['officer']} (details.incident.officer)\n")
