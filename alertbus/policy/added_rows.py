"""Rows for a policy that stand in a file of their own: an agency, and what its sector may see. For who tries a plugin beside a policy.

A file has `agencies`, `sharing` or `lawful_basis`, each with rows as the policy has them. A row that the policy has already stays as it
is there.
"""

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from alertbus.model.errors import PolicyFault
from alertbus.policy.load import parse_policy
from alertbus.policy.policy import UNKNOWN_SECTOR, Policy

PARTS = ("agencies", "sharing", "lawful_basis")


def policy_with(policy: Path | None, rows: Path) -> Policy:
    """The policy in the file, or the one shipped, with the rows. Raises `PolicyFault`."""
    return parse_policy(text_with(policy, rows_in(rows)), f"{policy or 'the shipped policy'} with {rows}")


def rows_in(file: Path) -> dict[str, Any]:
    """The rows that a file adds. Raises `PolicyFault` for what holds anything else."""
    found = _yaml(file)
    strange = sorted(set(found) - set(PARTS)) if isinstance(found, dict) else []
    if not isinstance(found, dict) or strange or not all(isinstance(part, dict) for part in found.values()):
        more = f", not {', '.join(map(str, strange))}" if strange else ""
        raise PolicyFault(
            f"{file}: expected rows by name under {', '.join(PARTS)}{more}; the rest belongs to the policy itself. Mend the file."
        )
    return found


def careful_rows(sector: str) -> dict[str, Any]:
    """The least that an agency of a new sector may be given: as one that nobody has entered, but under its own name."""
    shipped = yaml.safe_load((files("alertbus.policy") / "default.yaml").read_text(encoding="utf-8"))
    return {"agencies": {sector: {"sector": sector, "role": "duty_officer"}}, "sharing": {sector: shipped["sharing"][UNKNOWN_SECTOR]}}


def text_with(policy: Path | None, rows: dict[str, Any]) -> str:
    """The policy's text with the rows, without its comments."""
    whole = yaml.safe_load((files("alertbus.policy") / "default.yaml").read_text(encoding="utf-8")) if policy is None else _yaml(policy)
    if not isinstance(whole, dict):
        raise PolicyFault(f"{policy}: no mapping. `alertbus policy check` says what is wrong with it.")
    for part, added in rows.items():
        whole[part] = {**added, **(whole.get(part) or {})}
    return yaml.safe_dump(whole, allow_unicode=True, sort_keys=False)


def _yaml(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        raise PolicyFault(f"{file}: cannot be read as YAML in UTF-8. Mend the file, or its permissions.") from None
