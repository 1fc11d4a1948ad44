"""The plugin author's guide: each block of the tutorial is done in its order, and the code and the figures of the how-to hold."""

import base64
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from alertbus.delivery.pace import Pace
from alertbus.intake.source_calls import PARSE_LIMIT_S
from alertbus.model.alert import SaidBy
from alertbus.model.notice import Excerpt, Message, Notice
from alertbus.model.receipt import Intent, Stage
from alertbus.plugin import Alert, Name, UnreadableMessage, fidelity
from alertbus.plugin.kit import damage, source_damage
from alertbus.plugin.kit.verbatim import TEXTS
from alertbus.plugin.protocols import MOST_STATEMENTS
from alertbus.plugin.testing import SourceConformance, check, sample_notice
from alertbus.policy.plugin_rules import USUAL_LIMITS

TUTORIAL = (resources.files("alertbus.plugin") / "guide" / "tutorial.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(console|python|text)(?: file=(\S+))?\n(.*?)^```$", TUTORIAL, re.DOTALL | re.MULTILINE)
BIN = Path(sys.executable).parent
ITS_OWN_TEST = "alertbus plugin run "
"""The one command that starts a bus: `tests/integration/test_plugin_run.py` does."""


def commands(block: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a block, and the lines that it answers with."""
    for part in block.removeprefix("$ ").split("\n$ "):
        command, *answer = part.strip().split("\n")
        yield command, answer


def done(command: str, where: Path) -> subprocess.CompletedProcess[str]:
    program, *arguments = shlex.split(command)
    own = {"alertbus": [str(BIN / "alertbus")], "python": [sys.executable], "rm": ["rm"]}
    extra = ["-p", "no:cacheprovider", "-q"] if "pytest" in arguments else []
    return subprocess.run([*own[program], *arguments, *extra], cwd=where, capture_output=True, text=True, check=False, timeout=240)


@pytest.mark.timeout(900)
def test_who_follows_the_tutorial_sees_what_it_says_at_each_step(tmp_path: Path) -> None:
    assert len(BLOCKS) > 12
    for kind, file, block in BLOCKS:
        if kind != "console":
            (tmp_path / "fire-and-rescue" / file).write_text(block, "utf-8")
            continue
        for command, answer in commands(block):
            if command.startswith(ITS_OWN_TEST):
                continue
            told = done(command, tmp_path)
            for line in answer:
                assert line in told.stdout.splitlines(), f"{command}\n{told.stdout}\n{told.stderr}"
            below = bool(answer) and not answer[-1].startswith("Tier: platinum")
            assert told.returncode == (1 if below else 0), f"{command}\n{told.stdout}\n{told.stderr}"


GUIDE = resources.files("alertbus.plugin") / "guide"
HOW_TO = (GUIDE / "how-to.md").read_text("utf-8")


def block(language: str, name: str, page: str = "how-to.md") -> str:
    found = re.findall(rf"^```{language} run={name}\n(.*?)^```$", (GUIDE / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert len(found) == 1, name
    return found[0]


def ran(name: str, page: str = "how-to.md") -> dict[str, Any]:
    """What a block of a page defines."""
    given: dict[str, Any] = {}
    exec(block("python", name, page), given)
    return given


def test_the_code_of_the_how_to_knows_a_message_of_the_bus_from_a_strangers() -> None:
    given = ran("signature")
    secret = "whsec_" + base64.b64encode(b"an invented secret of 24+").decode()
    at = datetime.now(UTC)
    signed = Webhook(secret).sign("notice-1", at, "{}")
    headers = {"webhook-id": "notice-1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signed}
    assert given["message_of"](secret, headers, b"{}") == b"{}"
    with pytest.raises(WebhookVerificationError):
        given["message_of"](secret, headers, b"{ }")


def test_the_code_of_the_how_to_reads_the_answer_that_stands_below_it() -> None:
    answer = ran("receipt")["parse_receipt"](block("json", "receipt").encode())
    assert (answer.stage, answer.by, answer.intent) == (Stage.ACKNOWLEDGED, "R. Postholder", Intent.ACTING)


def in_xml(*said: Excerpt) -> tuple[Notice, Message]:
    """A notice with these words, and a message of it by the code of the page about XML."""
    given, notice = ran("writing", "xml.md"), sample_notice(narrative=said)
    root = ET.Element("message", {"id": notice.id})
    given["put"](root, "title", f"{notice.title}\v")
    given["put_words"](root, notice)
    return notice, Message(media_type="application/xml", body=given["as_bytes"](root), filename="message.xml")


@pytest.mark.parametrize("text", [*TEXTS, "a\tb\rc\u2028d\x85e", "\U0001f9f8 and a no-break\u00a0space"])
def test_the_xml_of_the_guide_carries_whatever_was_said_byte_for_byte(text: str) -> None:
    notice, message = in_xml(Excerpt.of(text, SaidBy.CHILD))
    assert fidelity.altered(notice, message) == ()
    assert fidelity.carried(notice, message) == (0,)


def test_of_a_speaker_whose_words_xml_cannot_hold_it_says_that_there_are_some_and_carries_the_others() -> None:
    said = [("the first thing that the child said, and it is long enough", SaidBy.CHILD), ("a\vb, said the child then", SaidBy.CHILD)]
    notice, message = in_xml(*(Excerpt.of(*one) for one in said), Excerpt.of("what the teacher wrote down that day", SaidBy.PROFESSIONAL))
    assert fidelity.altered(notice, message) == ()
    assert fidelity.carried(notice, message) == (2,)
    assert b"words that XML cannot hold" in message.body


@pytest.mark.parametrize(
    "raw",
    [
        *(*damage.HOSTILE, *damage.GARBAGE),
        *(f'<?xml version="1.0" encoding="{name}"?><answer/>'.encode() for name in ("shift_jis", "nonsense")),
        '<!DOCTYPE answer [<!ENTITY key "n-1">]><answer><key>&key;</key></answer>'.encode("utf-16"),
        *(
            b"<answer/>",
            b"<other><key>n-1</key></other>",
            b"<answer><key>n-1</key><key>n-2</key></answer>",
            b"<answer><key>n<b/>1</key></answer>",
        ),
    ],
)
def test_the_reader_of_xml_in_the_guide_refuses_what_is_hostile_or_contradicts_itself(raw: bytes) -> None:
    given = ran("reading", "xml.md")
    with pytest.raises(UnreadableMessage) as refused:
        given["only"](given["opened"](raw, "answer"), "key", "answer")
    assert refused.value.__context__ is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_the_reader_of_xml_in_the_guide_reads_an_encoding_that_the_message_declares(encoding: str) -> None:
    given, declared = ran("reading", "xml.md"), encoding.removesuffix("-sig")
    raw = f'<?xml version="1.0" encoding="{declared}"?><answer><key>Zo\u00eb</key></answer>'.encode(encoding)
    assert given["only"](given["opened"](raw, "answer"), "key", "answer") == "Zo\u00eb"


RULES = resources.files("alertbus.plugin") / "rules"
PAGES = [*sorted(one.name for one in GUIDE.iterdir()), "../README.md", *sorted(f"../rules/{one.name}" for one in RULES.iterdir())]


@pytest.mark.parametrize("page", PAGES)
def test_each_page_of_the_guide_names_only_what_is_there(page: str) -> None:
    guide = Path(str(GUIDE))
    text = (guide / page).read_text("utf-8")
    for link, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([a-z0-9-]+))?\)", text):
        target = (guide / page).parent / link if link else guide / page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text("utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-") for one in headings}, anchor


def test_the_limits_of_the_how_to_are_those_of_the_bus() -> None:
    limits = dict(re.findall(r"^\| (.+?) \| (.+?) \|", HOW_TO.partition("## Limits")[2], re.MULTILINE))
    assert limits["`render`"].startswith(f"{Pace().render_limit_s:.0f} s ")
    assert limits["`parse`"].startswith(f"{PARSE_LIMIT_S:.0f} s ")
    assert limits["alerts of one message"].startswith(f"{MOST_STATEMENTS} ")
    assert limits["a message"].startswith(f"{USUAL_LIMITS.largest_message_bytes:,} bytes")
    assert limits["memory of an isolated plugin"].startswith(f"{USUAL_LIMITS.isolated_memory_mb} MB")


HEADINGS = "number,about,seen,sent,child,born,words\n"
ROW = '{number},concern,{seen},05/01/2026 11:40,Zo\u00eb Quillfeather-Moss,17/05/2019,"Invented: ""alone"", she said,\nin the kitchen."\n'
TABLE = (
    HEADINGS
    + ROW.format(number=1, seen="05/01/2026 10:15")
    + "2,enquiry,05/01/2026 12:00,05/01/2026 12:01,,,Invented: a leaflet.\n,,,,,,\n"
)


def stated_in(table: bytes) -> list[Alert]:
    found = ran("spreadsheet", "spreadsheet.md")["RegisterSource"]().parse(table, {})
    assert isinstance(found, list)
    return found


def test_the_spreadsheet_of_the_guide_keeps_every_rule_of_the_kit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_damage, "EXAMPLES", 20)
    report = check(
        SourceConformance, source=ran("spreadsheet", "spreadsheet.md")["RegisterSource"](), samples=[TABLE.encode(), TABLE.encode("cp1252")]
    )
    assert [(one.id, one.broken or one.unjudged) for one in report.results if not one.holds] == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_the_spreadsheet_of_the_guide_reads_every_export_with_the_words_as_they_are(encoding: str, ending: str) -> None:
    (alert,) = stated_in(TABLE.replace("\n", ending).encode(encoding))
    assert alert.narrative[0].text == f'Invented: "alone", she said,{ending}in the kitchen.'
    assert alert.children[0].person.name == Name(given="Zo\u00eb", family="Quillfeather-Moss")
    assert alert.occurred_at == datetime(2026, 1, 5, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("on_the_wall", "in_utc"),
    [
        ("25/10/2026 00:59", datetime(2026, 10, 24, 23, 59, tzinfo=UTC)),
        ("25/10/2026 01:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("25/10/2026 02:00", datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
        ("29/03/2026 02:00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
    ],
)
def test_of_the_hour_that_comes_twice_the_spreadsheet_of_the_guide_takes_the_first(on_the_wall: str, in_utc: datetime) -> None:
    (alert,) = stated_in((HEADINGS + ROW.format(number=1, seen=on_the_wall)).encode())
    assert (alert.occurred_at, alert.occurred_at.utcoffset()) == (in_utc, timedelta(0))


@pytest.mark.parametrize(
    ("seen", "at"), [("29/03/2026 01:30", "row 2, seen"), ("2026-01-05 10:15", "row 2, seen"), ("31/12/9999 24:00", "row 2, seen")]
)
def test_the_spreadsheet_of_the_guide_refuses_a_time_that_no_clock_shows(seen: str, at: str) -> None:
    with pytest.raises(UnreadableMessage) as refused:
        stated_in((HEADINGS + ROW.format(number=1, seen=seen)).encode())
    assert [fault.path for fault in refused.value.faults] == [at]
