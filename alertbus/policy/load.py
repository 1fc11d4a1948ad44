"""Reading a policy file, with every fault at once and where it stands."""

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from alertbus.model.errors import PolicyFault
from alertbus.policy.policy import Policy


def load_policy(path: Path | None = None) -> Policy:
    """The policy in `path`, or the one shipped. Raises `PolicyFault` with each fault and its place in the file."""
    return _shipped() if path is None else parse_policy(path.read_text(encoding="utf-8"), str(path))


@lru_cache(maxsize=1)
def _shipped() -> Policy:
    return parse_policy((files("alertbus.policy") / "default.yaml").read_text(encoding="utf-8"), "the shipped policy")


def parse_policy(text: str, where: str) -> Policy:
    try:
        data: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}" if mark else "somewhere"
        raise PolicyFault(f"{where}: not YAML at {line}. Mend the file and run `alertbus policy check`.") from None
    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'policy'}: {fault['msg']}" for fault in error.errors(include_url=False)]
        raise PolicyFault(f"{where}: {len(faults)} fault(s). " + "; ".join(faults)) from None
