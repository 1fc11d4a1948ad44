"""Reading a policy file, with every fault at once and where it stands."""

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from alertbus.model.errors import PolicyFault
from alertbus.model.validation import faults_of
from alertbus.policy.additions import NO_ADDITIONS, PolicyAdditions
from alertbus.policy.plugin_rules import PluginRules
from alertbus.policy.policy import Policy


def load_policy(path: Path | None = None, additions: PolicyAdditions = NO_ADDITIONS) -> Policy:
    """The policy in `path`, or the one shipped, with what plugins add to it. Raises `PolicyFault` with each fault and its place,
    and `PluginFault` where a plugin offers what the shipped one has.
    """
    if additions is not NO_ADDITIONS:
        additions.refuse_taken(_shipped().kinds, _shipped().items)
    if path is None:
        return _shipped() if additions is NO_ADDITIONS else parse_policy(_shipped_text(), "the shipped policy", additions)
    return parse_policy(_text_of(path), str(path), additions)


def load_plugin_rules(path: Path | None = None) -> PluginRules:
    """The policy's `plugins:` section alone: what must be known before the plugins are, which add to the rest. Raises `PolicyFault`."""
    if path is None:
        return _shipped().plugins
    data = _data_of(_text_of(path), str(path))
    section = data.get("plugins") if isinstance(data, dict) else None
    try:
        return PluginRules.model_validate(section or {})
    except ValidationError as error:
        faults = [f"{fault.path}: {fault.expected}" for fault in faults_of(error, section, prefix="plugins", trusted=True)]
        raise PolicyFault(f"{path}: {len(faults)} fault(s). " + "; ".join(faults)) from None


@lru_cache(maxsize=1)
def _shipped() -> Policy:
    return parse_policy(_shipped_text(), "the shipped policy")


def _shipped_text() -> str:
    return (files("alertbus.policy") / "default.yaml").read_text(encoding="utf-8")


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise PolicyFault(
            f"{path}: no file that can be read as UTF-8. Give the path of a policy file; `alertbus policy show` shows the one shipped."
        ) from None


def parse_policy(text: str, where: str, additions: PolicyAdditions = NO_ADDITIONS) -> Policy:
    """Read a policy's text. Raises as `load_policy` does; a fault in what a plugin adds names that plugin."""
    data = additions.merged(_data_of(text, where))
    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        found = faults_of(error, data, trusted=True)
        faults = [f"{fault.path or 'policy'}: {fault.expected}{additions.who_offers(fault.path)}" for fault in found]
        raise PolicyFault(f"{where}: {len(faults)} fault(s). " + "; ".join(faults)) from None


def _data_of(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}" if mark else "somewhere"
        raise PolicyFault(f"{where}: not YAML at {line}. Mend the file and run `alertbus policy check`.") from None
    except RecursionError:
        raise PolicyFault(f"{where}: lists or mappings stand in each other more deeply than any policy needs. Mend the file.") from None
    except ValueError:  # PyYAML lets a day that is none through
        raise PolicyFault(f"{where}: a number or day in it cannot be read. Put it in quotation marks.") from None
