"""What an alert of a plugin's kind adds, read by that plugin's model where the alert comes in: every fault is told to its sender.

From here on it stands as codes under `details.by_plugin`, and the plugin's code is not asked again. A model that hangs or breaks refuses
its own kind alone, and that is the plugin's fault, never the sender's.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from alertbus.model.alert import Action, Alert
from alertbus.model.coded_value import CodedValue
from alertbus.model.errors import Fault, PluginFault
from alertbus.model.validation import faults_of
from alertbus.plugin.boundary import PluginBroke, behind_boundary
from alertbus.plugin.case_rules import AlertKind
from alertbus.plugin.protocols import UnreadableMessage

_LIMIT_S = 2.0
"""Chosen: a model reads a section in microseconds."""
_LEFT_BEHIND = 4

_CODED: TypeAdapter[Mapping[str, CodedValue]] = TypeAdapter(Mapping[str, CodedValue])


class KindsAtTheDoor:
    """The kinds of plugins, as alerts of them come in."""

    def __init__(self, kinds: Mapping[str, AlertKind]) -> None:
        self._kinds = kinds
        self._left_behind = 0

    async def read(self, alerts: Sequence[Alert], *, several: bool) -> tuple[Sequence[Alert], list[Fault]]:
        """Give the alerts with what their kinds add in its place, and every fault. Raises `PluginFault` where a model hangs or breaks."""
        if not any(alert.kind in self._kinds or alert.details.by_plugin for alert in alerts):
            return alerts, []
        if self._left_behind >= _LEFT_BEHIND:
            raise PluginFault("a plugin's model of an alert's details hangs, and is not asked any more. Restart the gateway without it.")
        work = asyncio.create_task(asyncio.to_thread(self.read_here, alerts, several=several))
        done, _ = await asyncio.wait({work}, timeout=_LIMIT_S)
        if not done:
            self._left_behind += 1
            work.add_done_callback(self._came_back)
            raise PluginFault("a plugin's model of an alert's details took too long. Send it again; whoever runs the bus sees which it is.")
        return work.result()

    def read_here(self, alerts: Sequence[Alert], *, several: bool = False) -> tuple[Sequence[Alert], list[Fault]]:
        """Do the same in this thread, without a limit."""
        found: list[Alert] = []
        faults: list[Fault] = []
        for number, alert in enumerate(alerts):
            read, wrong = self._one(alert)
            found.append(read)
            faults += [Fault(f"alerts[{number}].{one.path}" if several else one.path, one.expected, one.code) for one in wrong]
        return found, faults

    def _came_back(self, work: asyncio.Task[Any]) -> None:
        self._left_behind -= 1
        if not work.cancelled():
            work.exception()  # told already, as too slow

    def _one(self, alert: Alert) -> tuple[Alert, list[Fault]]:
        if alert.details.by_plugin:
            return alert, [Fault("details.by_plugin", "nothing: give each section by its own name, beside the others", "by_its_own_name")]
        kind = self._kinds.get(alert.kind)
        extra: dict[str, Any] = alert.details.__pydantic_extra__ or {}
        if kind is None or kind.details is None or (alert.action is Action.WITHDRAWN and kind.section not in extra):
            return alert, []
        given = extra.get(kind.section, {})
        coded, faults = _coded(kind, given)
        if faults:
            return alert, faults
        details = alert.details.model_copy(update={"by_plugin": {kind.section: coded}} if coded else {})
        object.__setattr__(details, "__pydantic_extra__", {name: value for name, value in extra.items() if name != kind.section})
        return alert.model_copy(update={"details": details}), []


def _coded(kind: AlertKind, given: Any) -> tuple[Mapping[str, CodedValue], list[Fault]]:
    """Give what the section says as codes, or what is wrong with it. Raises `PluginFault` where the model breaks."""
    assert kind.details is not None
    prefix, broke = f"details.{kind.section}", ""
    try:
        read, wrong = behind_boundary(_validated, kind, given)
    except (PluginBroke, UnreadableMessage) as fault:
        broke = str(fault) if isinstance(fault, PluginBroke) else type(fault).__name__
    if broke:
        raise PluginFault(f"the model of kind '{kind.name}' raised {broke}. Mend the plugin, or install a version that reads it.")
    if wrong is not None:
        return {}, list(faults_of(wrong, given, prefix=prefix))
    try:
        return _CODED.validate_python(read), []
    except ValidationError as error:
        fields = sorted({re.split(r"[.\[]", fault.path)[0] for fault in faults_of(error, read, trusted=True)})
        return {}, [Fault(f"{prefix}.{name}", "one code of at most 64 characters, without spaces", "not_a_code") for name in fields]


def _validated(kind: AlertKind, given: Any) -> tuple[dict[str, Any], ValidationError | None]:
    assert kind.details is not None
    try:
        word = kind.details.model_validate(given)
    except ValidationError as error:
        return {}, error
    stated = word.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in stated.items()}, None
