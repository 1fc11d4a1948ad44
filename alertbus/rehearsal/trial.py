"""A plugin on trial: a throw-away bus on which its agency works with the review's family, an alert, and what its system receives.

The plugin is copied, not installed, and so are the policy, with the plugin's rows, and nothing of the operator's own settings.
"""

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from alertbus.model.alert import Alert
from alertbus.model.case import Case, Involvement
from alertbus.model.errors import PluginFault
from alertbus.plugin.manager import Plugins
from alertbus.plugin.protocols import Adapter
from alertbus.plugin.unpackaged import found_at
from alertbus.policy.added_rows import careful_rows, rows_in, text_with
from alertbus.policy.load import load_policy, parse_policy
from alertbus.policy.policy import Policy
from alertbus.rehearsal.scenario import load_scenario
from alertbus.run.client import PATIENCE_S, CallRefused, Client
from alertbus.run.preview import agency_of, case_of
from alertbus.settings import Settings
from alertbus.waiting import pause

EXERCISE = "trial"
ROWS = "policy.yaml"
LOOK_S = 0.1
"""How often the folder is looked at."""

RECEIVE_S = 60.0
"""How long the first message is waited for: on a machine that starts everything at once it takes some seconds."""

_NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "tests")
_CHILD_BI = Path(str(files("alertbus") / "scenarios" / "child-bi"))
_SOMEBODY = "ex_partner_2"
"""Whom the invented threat is about: somebody who is linked to the family's children."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried, and where. `agencies` are those whose notices the plugin renders."""

    folder: Path
    received: Path
    samples: Path
    agencies: tuple[str, ...]
    sources: tuple[str, ...]
    adapters: tuple[Adapter, ...] = ()
    """Of each agency, what renders for it."""

    @property
    def environment(self) -> dict[str, str]:
        """The settings of the bus, for this process and the parts that it starts."""
        channels = {agency: {"channel": "file", "folder": str(self.received / agency)} for agency in self.agencies}
        return {
            "ALERTBUS_PLUGINS_DIR": str(self.folder / "plugins"),
            "ALERTBUS_POLICY": str(self.folder / ROWS),
            "ALERTBUS_CHANNELS": json.dumps(channels),
            "ALERTBUS_DATA_DIR": str(self.folder),
        }


def put_on_trial(path: Path, folder: Path, received: Path | None, say: Callable[[str], None]) -> Trial:
    """Copy the plugin and the policy into the folder. Raises `PluginFault` or `PolicyFault` for what no bus would take."""
    whole = path.expanduser().absolute()
    own = {one.name for one in found_at(whole)}
    (folder / "plugins").mkdir(mode=0o700)
    _copy(whole, folder / "plugins" / _called(whole))
    plugins = Plugins.load(folder / "plugins")
    for aside in plugins.set_aside:
        if aside.plugin in own:
            raise PluginFault(f"agency plugin '{aside.plugin}': {aside.words}.")
    rows = [row for row in plugins.listing() if row.plugin in own]
    sectors = [row.sector for row in rows if row.kind == "adapter"]
    policy = _policy(whole, sectors, folder / ROWS, say)
    agencies = tuple(_own_agency(whole, sector, policy) for sector in sectors)
    trial = Trial(
        folder,
        received or folder / "received",
        whole / "samples",
        agencies,
        tuple(row.name for row in rows if row.kind == "source"),
        tuple(plugins.adapters[sector] for sector in sectors),
    )
    for agency in agencies:
        (trial.received / agency).mkdir(parents=True, exist_ok=True)
    return trial


def _called(path: Path) -> str:
    """What the copy is called: a folder of drop-ins passes over what begins with a dot or `_`."""
    return path.name.lstrip("._") or "plugin"


def _copy(path: Path, target: Path) -> None:
    """Copy what is loaded, so that nobody but the one who runs it can write there."""
    if path.is_dir():
        shutil.copytree(path, target, ignore=_NOT_COPIED)
    else:
        shutil.copyfile(path, target)
    for each in (target, *target.rglob("*")):
        each.chmod(0o700 if each.is_dir() else 0o600)


def _policy(path: Path, sectors: Sequence[str], target: Path, say: Callable[[str], None]) -> Policy:
    """The shipped policy with the plugin's rows; for a sector that has none, with the least that anybody is told."""
    rows: dict[str, Any] = rows_in(path / ROWS) if (path / ROWS).is_file() else {}
    known = {agency.sector for agency in load_policy().agencies.values()} | {row["sector"] for row in rows.get("agencies", {}).values()}
    for sector in sorted(set(sectors) - known):
        say(f"policy     no agency of the sector '{sector}': one is added that is told the least. Put rows into {ROWS} beside the plugin")
        for part, added in careful_rows(sector).items():
            rows[part] = {**rows.get(part, {}), **added}
    text = text_with(None, rows)
    target.write_text(text, encoding="utf-8")
    return parse_policy(text, str(target))


def _own_agency(path: Path, sector: str, policy: Policy) -> str:
    """The agency that the plugin's own rows name, else the first of its sector."""
    rows = rows_in(path / ROWS).get("agencies", {}) if (path / ROWS).is_file() else {}
    return next((name for name, row in rows.items() if row.get("sector") == sector and name in policy.agencies), agency_of(sector, policy))


def alone(environment: dict[str, str]) -> None:
    """Leave of this process's own settings only those of its log: a trial touches no bus, database or caller of the operator's."""
    for name in [one for one in os.environ if one.startswith("ALERTBUS_") and not one.startswith("ALERTBUS_LOG_")]:
        del os.environ[name]
    os.environ.update(environment)


async def begin(trial: Trial, settings: Settings, own: Alert | None) -> Alert:
    """Put the family on the bus with the plugin's agencies, and send the alert: one's own, or an invented threat to staff."""
    now = datetime.now(UTC)
    alert = (own or _threat(now)).model_copy(update={"exercise": EXERCISE})
    async with Client.of(settings, patience_s=PATIENCE_S) as client:
        for case in _cases(trial, alert):
            await client.call("PUT", f"/v1/cases/{case.id}", json=json.loads(case.model_dump_json(by_alias=True, exclude_defaults=True)))
        body = alert.model_dump_json(by_alias=True, exclude_defaults=True)
        await client.call("POST", "/v1/alerts", content=body, headers={"content-type": "application/json"})
    return alert


def _cases(trial: Trial, alert: Alert) -> Iterator[Case]:
    """The review's family; and one on which those stand whom the alert names otherwise than as somebody of that family."""
    joins = tuple(Involvement(agency=agency, from_=date(2020, 1, 1)) for agency in trial.agencies)
    family = load_scenario(_CHILD_BI, EXERCISE).cases[0]
    yield family.model_copy(update={"involvements": (*family.involvements, *joins)})
    keys = {person.key for person in family.people}
    if any(one.person.key not in keys for one in (*alert.subjects, *alert.children)):
        invented = case_of(alert, trial.agencies[0] if trial.agencies else "police", id_="trial-own")
        people = tuple(person.model_copy(update={"person_ids": ()}) for person in invented.people)
        yield invented.model_copy(update={"people": people, "involvements": joins or invented.involvements})


def _threat(now: datetime) -> Alert:
    return Alert.model_validate(
        {
            "id": f"TRIAL-{now:%H%M%S}",
            "source": "police",
            "kind": "threat_to_staff",
            "severity": "high",
            "occurred_at": now.isoformat(),
            "recorded_at": now.isoformat(),
            "subjects": [{"person": {"key": _SOMEBODY}}],
            "narrative": [{"text": "Invented: said that the next worker at the door would regret it.", "said_by": "professional"}],
        }
    )


async def send_messages(trial: Trial, settings: Settings, own: Path | None, say: Callable[[str], None]) -> bool:
    """Send the message, or the plugin's samples, to its sources, and say what came of each. False where one was refused."""
    well = True
    async with Client.of(settings, patience_s=PATIENCE_S) as client:
        for source in trial.sources:
            folder = trial.samples / source
            messages = [own] if own else sorted(folder.iterdir()) if folder.is_dir() else []
            if not messages:
                say(f"source     {source}: no samples in samples/{source}; give a message with --message FILE")
            for file in messages:
                try:
                    answer = await client.call("POST", f"/v1/sources/{source}", content=file.read_bytes())
                    said = {"ignored": f"ignored: {answer.get('reason')}"}.get(
                        answer["outcome"], f"accepted: {', '.join(answer.get('ids', ()))}"
                    )
                except CallRefused as no:
                    said, well = f"refused: {no}", False
                say(f"source     {source}, {file.name}: {said}")
    return well


async def received(trial: Trial, seen: set[Path], until: asyncio.Event, limit_s: float | None = None) -> list[Path]:
    """Wait for messages that were not `seen` yet, and give them; none when it was stopped, or the time is up."""
    deadline = None if limit_s is None else asyncio.get_running_loop().time() + limit_s
    while not until.is_set() and (deadline is None or asyncio.get_running_loop().time() < deadline):
        found = [one for one in sorted(trial.received.glob("*/*")) if one not in seen and _is_message(one)]
        if found:
            seen.update(found)
            return found
        await pause(until, LOOK_S)
    return []


def _is_message(file: Path) -> bool:
    return not file.name.startswith(".") and not file.name.endswith(".meta.json")


async def why_not(settings: Settings, alert: Alert, trial: Trial) -> list[str]:
    """What the bus says of the plugin's agencies, where nothing came: by which rule they were told or not."""
    async with Client.of(settings) as client:
        found = await client.call("GET", f"/v1/alerts/{alert.alert_id}/explanation")
    lines = [line for line in found["lines"] if line["agency"] in trial.agencies]
    return [f"{line['agency']}: {'told' if line['told'] else 'not told'}, {line['ruling']}; {line['rule']}" for line in lines] or [
        "nobody of the alert is linked to a case on which the agency works"
    ]
