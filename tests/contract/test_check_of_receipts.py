"""`alertbus plugin check` with sample receipts beside the code (DESIGN section 8): whatever else stands there, and whatever they are called."""

import subprocess
import sys
from pathlib import Path

import pytest

from alertbus.plugin.kit.check_process import checked
from alertbus.plugin.scaffolding import NewPlugin

pytestmark = pytest.mark.usefixtures("nothing_stays_imported")

READER = """
    def parse_receipt(self, raw: bytes) -> ReceiptGiven:
        answer = read_json(raw)
        stages = {"received": Stage.ACCEPTED, "opened": Stage.SEEN, "acting": Stage.ACKNOWLEDGED}
        if not isinstance(answer, dict) or answer.get("state") not in ("received", "opened", "acting"):
            raise UnreadableMessage(("state", "`received`, `opened` or `acting`"))
        who = answer.get("who") if answer["state"] == "acting" else None
        return ReceiptGiven(str(answer.get("message")), stages[answer["state"]], who)
"""


def plugin(folder: Path) -> Path:
    """An adapter that reads receipts, and leaves out what they will do who answer."""
    for place, text in NewPlugin("northfield-fire", "northfield_fire", source=False).written():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text, "utf-8")
    code = folder / "alertbus_northfield_fire" / "adapter.py"
    imports = "from alertbus.plugin import ReceiptGiven, Stage, UnreadableMessage\nfrom alertbus.plugin.forms import read_json\n"
    text = code.read_text("utf-8").replace("\n\nclass ", f"\n{imports}\n\nclass ", 1)
    code.write_text(text.replace("\n\n\ndef _person", f"\n{READER}\n\ndef _person", 1), "utf-8")
    return folder


def test_receipts_stand_beside_golden_messages_and_are_judged_as_the_gateway_does(tmp_path: Path) -> None:
    """With both there, nothing but the plugin's own tests, which are then not read, had put it where another process finds it."""
    folder = plugin(tmp_path / "fire")
    command = [sys.executable, "-m", "alertbus", "plugin", "golden", str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    samples = folder / "samples" / "northfield-fire"
    samples.mkdir()
    (samples / "received.json").write_text('{"message": "6f1f0e3b", "state": "received"}')
    (samples / "acted.json").write_text('{"message": "6f1f0e3b", "state": "acting", "who": "Zebedee Wintergreen"}')

    (judgement,) = checked(str(folder)).judgements

    assert {result.id: result.broken for result in judgement.report.failed} == {
        "reads-its-sample-receipts": "samples/northfield-fire/acted.json: read as `acknowledged`, and the gateway refuses that (422). "
        "Expected in intent: what they will do: `acting`, `passing_on`, `not_ours`"
    }
    assert "keeps to its golden messages" in {result.rule for result in judgement.report.results if result.holds}
