"""`alertbus plugin render`: what an agency's system would receive, for every kind and deed, and what is said of a wrong question."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from alertbus.model.alert import KINDS
from alertbus.model.notice import Deed
from alertbus.plugin.kit.samples import sample_alert, sample_notice
from alertbus.policy.load import load_policy
from tests.plugin_command import DROP_IN, ask, dropped_in

pytestmark = pytest.mark.usefixtures("nothing_stays_imported")

FLAG = "THREAT TO STAFF (threat): Read before any visit. Visit jointly; do not visit alone. The flag does not end home visits."
STANDING = "VIOLENT PERSON FLAG (threat): Read before any visit."


@pytest.fixture
def render(capfdbinary: pytest.CaptureFixture[bytes]) -> Any:
    return lambda *arguments: ask(capfdbinary, "plugin", "render", *arguments)


@pytest.fixture
def alert(tmp_path: Path) -> Path:
    file = tmp_path / "alert.json"
    file.write_text(sample_alert(kind="threat_to_staff").model_dump_json(by_alias=True, exclude_defaults=True))
    return file


def test_a_threat_shows_its_flag_first_as_the_bus_would(render: Any, alert: Path) -> None:
    invented, own, without = render("police"), render("police", "--alert", alert), render("police", "--no-flag")

    assert {answered.code for answered in (invented, own, without)} == {0}
    assert f'"flag": "{FLAG}"' in invented.out
    assert own.out.index("THREAT TO STAFF: ") < own.out.index("Threat to staff")
    assert "THREAT TO STAFF" not in without.out


def test_a_standing_flag_heads_an_alert_of_another_kind_only_where_it_is_asked_for(render: Any) -> None:
    assert STANDING in render("police", "--kind", "meeting", "--flag").out
    assert STANDING not in render("police", "--kind", "meeting").out


@pytest.mark.parametrize("deed", list(Deed))
def test_each_deed_is_shown_as_the_bus_sends_it(render: Any, deed: Deed) -> None:
    body = json.loads(render("police", "--deed", deed.value).out)

    assert body["notice"]["deed"] == deed.value
    assert ("I'll find you" in render("police", "--deed", deed.value).out) != deed.ends
    assert ("ended_at" in body["notice"]) == deed.ends


def test_an_exercise_says_so_and_a_minimal_notice_names_nobody(render: Any) -> None:
    assert "EXERCISE rehearsal" in render("police", "--exercise").out
    assert "Quillfeather" not in render("police", "--minimal").out
    assert "Quillfeather" in render("police").out


def test_a_kind_of_ones_own_is_shown_from_a_file(render: Any, tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    file.write_text(sample_alert(kind="fire_setting").model_dump_json(by_alias=True, exclude_defaults=True))

    assert render("police", "--alert", file).code == 0


def test_ones_own_notice_is_rendered_as_it_is(render: Any, tmp_path: Path) -> None:
    file = tmp_path / "notice.json"
    file.write_text(sample_notice(title="A title of my own", sector="police").model_dump_json(by_alias=True, exclude_defaults=True))

    assert "A title of my own" in render("police", "--notice", file).out


def test_the_message_alone_is_on_standard_output_and_about_it_on_standard_error(render: Any) -> None:
    answered = render("housing")

    json.loads(answered.out)
    assert answered.err.startswith("application/json, ")
    assert "x-alertbus-deed: deliver" in answered.err


def test_what_a_plugin_prints_does_not_spoil_the_message(render: Any, tmp_path: Path) -> None:
    file = dropped_in(
        tmp_path, "dropprints", "health", text=DROP_IN.replace("        return Message", "        print('here')\n        return Message")
    )

    answered = render(file)

    assert (answered.code, answered.out) == (0, f"{FLAG}\n")
    assert "here" not in answered.out


def test_a_sector_that_the_policy_does_not_know_is_pointed_out(render: Any, tmp_path: Path) -> None:
    answered = render(dropped_in(tmp_path, "dropnew"))

    assert answered.out == "Safeguarding information\n"
    assert "no agency of the sector 'dropnew' stands in the policy" in answered.err


def test_the_rows_that_a_plugin_brings_are_taken_into_account(render: Any, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    dropped_in(tmp_path / "whole", "alertbus_dropnew", "dropnew").rename(tmp_path / "whole" / "__init__.py")
    row = {
        "child_identity",
        "adult_identity",
        "nhs_number",
        "upn",
        "address",
        "offence",
        "plan",
        "child_health",
        "substance",
        "observation",
    }
    shares = {**dict.fromkeys(sorted(row | {"child_voice"}), "nothing"), "action": "full", "threat": "summary"}
    rows = {"agencies": {"dropnew": {"sector": "dropnew", "role": "duty_officer"}}, "sharing": {"dropnew": shares}}
    (tmp_path / "whole" / "policy.yaml").write_text(json.dumps(rows))

    assert render(tmp_path / "whole").out == f"{FLAG}\n"

    (tmp_path / "whole" / "policy.yaml").write_text(json.dumps(rows | {"kinds": {}}))
    answered = render(tmp_path / "whole")
    assert answered.code == 1
    assert "expected rows by name under agencies, sharing, lawful_basis, not kinds" in answered.err


def test_a_folder_in_which_a_plugin_stands_is_a_path_without_a_separator_too(
    render: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dropnear").mkdir()

    assert render("dropnear").code == 1

    dropped_in(tmp_path / "dropnear", "x", "health").rename(tmp_path / "dropnear" / "__init__.py")

    assert render("dropnear").out == f"{FLAG}\n"


def test_one_that_hangs_is_given_up(render: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alertbus.cli.one_call.called_once.__defaults__", (0.05,))
    file = dropped_in(
        tmp_path, "drophangs", text=DROP_IN.replace("        return Message", "        __import__('time').sleep(3)\n        return Message")
    )

    answered = render(file)

    assert answered.code == 1
    assert "adapter 'drophangs' had not answered after 0.05 s" in answered.err


def test_one_that_breaks_is_told_by_class_with_exit_code_one(render: Any, tmp_path: Path) -> None:
    file = dropped_in(
        tmp_path,
        "dropbreaks",
        text=DROP_IN.replace("        return Message", "        raise ValueError(notice.people)\n        return Message"),
    )

    answered = render(file)

    assert answered.code == 1
    assert "render raised ValueError" in answered.err
    assert "Quillfeather" not in answered.err


def test_the_gallery_has_every_kind_deed_exercise_and_flag_on_one_page(render: Any, tmp_path: Path) -> None:
    answered = render("police", "--all", "--into", tmp_path / "gallery")

    page = (tmp_path / "gallery" / "index.html").read_text()
    linked = re.findall(r'href="([^"]+)"', page)
    assert answered.code == 0
    assert {file.name for file in (tmp_path / "gallery").glob("*.json")} == set(linked)
    for kind in (set(KINDS) | set(load_policy().kinds)) - {"briefing"}:
        for variant in (*Deed, "with-flag", "without-flag", "exercise", "exercise-with-flag", "minimal"):
            assert f"{kind}--{variant}.json" in linked
    assert {"briefing--deliver.json", "briefing--amend.json"} < set(linked)
    assert FLAG in (tmp_path / "gallery" / "threat_to_staff--deliver.json").read_text()
    assert STANDING in (tmp_path / "gallery" / "meeting--with-flag.json").read_text()


def test_the_gallery_is_written_over_and_another_folder_is_not(render: Any, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")

    assert [render("plain", "--all", "--into", tmp_path / "gallery").code for _ in "12"] == [0, 0]
    answered = render("plain", "--all", "--into", other)

    assert answered.code == 2
    assert "is there, and is no gallery of ours" in answered.err
    assert [file.name for file in other.iterdir()] == ["mine.txt"]


def test_the_gallery_shows_ones_own_notices_and_what_could_not_be_rendered(render: Any, tmp_path: Path) -> None:
    notice = tmp_path / "notice.json"
    notice.write_text(sample_notice(title="A title of my own").model_dump_json(by_alias=True, exclude_defaults=True))
    broken = DROP_IN.replace(
        "        return Message", "        if notice.deed == 'withdraw':\n            raise ValueError\n        return Message"
    )
    file = dropped_in(tmp_path, "drophalf", text=broken)

    answered = render(file, "--all", "--into", tmp_path / "gallery", "--notice", notice)

    page = (tmp_path / "gallery" / "index.html").read_text()
    assert answered.code == 1
    assert "render raised ValueError" in page
    assert "your notice 1" in page
    assert "threat_to_staff, withdraw: " in answered.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nobody",), 1, "no adapter 'nobody'; installed: "),
        (("housin",), 1, "did you mean 'housing'"),
        (("./nobody",), 2, "there is no such file or folder"),
        (("hmpps",), 1, "no adapter 'hmpps'"),
        (("housing", "--alert", "nowhere.json"), 2, "--alert: nowhere.json is no file."),
        (("housing", "--notice", "nowhere.json"), 2, "--notice: nowhere.json is no file."),
        (("housing", "--kind", "threat_to_staf"), 2, "did you mean threat_to_staff"),
        (("housing", "--deed", "burn"), 2, "--deed"),
        (("housing", "--adapter", "nobody"), 1, "no adapter 'nobody'"),
        (("housing", "--into", "x"), 2, "--into is for the gallery"),
        (("housing", "--all", "--kind", "ppn"), 2, "--all shows every kind: --kind has no effect"),
        (("housing", "--kind", "ppn", "--alert", "x"), 2, "--kind is for an alert that is invented"),
        (("housing", "--notice", "x", "--minimal"), 2, "--notice is rendered as it is"),
        (("housing", "--notice", "x", "--notice", "y"), 2, "one --notice at a time"),
        (("housing", "--alert", "x", "--minimal"), 2, "--minimal is a notice of its own"),
    ],
)
def test_a_wrong_question_is_told_who_what_and_what_to_do(render: Any, arguments: tuple[str, ...], code: int, said: str) -> None:
    answered = render(*arguments)

    assert answered.code == code
    assert said in " ".join(answered.err.split())
    assert "Traceback" not in answered.err
    assert answered.out == ""


def test_what_is_no_alert_is_told_by_path_and_not_repeated(render: Any, tmp_path: Path) -> None:
    file = tmp_path / "alert.json"
    file.write_text('{"id": "Quillfeather", "source": 7}')

    answered = render("housing", "--alert", file)

    assert answered.code == 1
    assert "source: " in answered.err
    assert "Quillfeather" not in answered.err
