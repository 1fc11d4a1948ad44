"""`alertbus plugin run`: a new plugin that nobody installed, on a bus of its own, receives an alert about the review's family."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.kafka
def test_a_new_plugin_reads_its_samples_and_its_system_receives_the_alert_with_its_flag_first(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "alertbus", "plugin"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ALERTBUS_")} | {"ALERTBUS_HTTP_PORT": "1"}
    subprocess.run([*command, "new", "trialfire", "--receipts", "--into", str(tmp_path)], check=True, capture_output=True, env=environment)

    done = subprocess.run(
        [*command, "run", str(tmp_path / "trialfire"), "--exit", "--into", str(tmp_path / "received")],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        env=environment | {"ALERTBUS_DATABASE_URL": "postgresql://nobody@nowhere.invalid/none"},
    )

    assert done.returncode == 0, done.stdout + done.stderr
    (message,) = [file for file in (tmp_path / "received" / "trialfire").iterdir() if not file.name.endswith(".meta.json")]
    assert next(iter(json.loads(message.read_text()))) == "flag"
    assert "source     trialfire-in, concern.json: accepted: " in done.stdout
    assert "source     trialfire-in, enquiry.json: ignored: an enquiry raises nothing" in done.stdout
    answered = [line.removeprefix("receipt    trialfire, ") for line in done.stdout.splitlines() if line.startswith("receipt ")]
    assert answered == [f"{stage}.json, with the notice's key in it: taken as {stage}" for stage in ("accepted", "acknowledged", "refused")]
    assert f"received   trialfire: {message.name}, application/json" in done.stdout
    assert "Apache Kafka" in done.stdout
    assert not [folder for folder in Path(os.environ.get("TMPDIR", "/tmp")).glob("alertbus-trial-*") if str(folder) in done.stdout]
