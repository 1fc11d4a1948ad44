"""A record system as small as can be: it takes transactions as FHIR R4 says, and files the Flags of messages as our READMEs ask."""

import json
from typing import Any

from tests.sectors.hl7.invariants import Resource, of_kind

FLAG_ID = "urn:alertbus:flag"
MATTER = "urn:alertbus:matter"


class RecordSystem:
    """What it holds, by type and identifier."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str, str], Resource] = {}

    def take(self, body: bytes) -> int:
        """Take a Bundle; gives how many resources it changed."""
        bundle = json.loads(body)
        return self._transaction(bundle) if bundle["type"] == "transaction" else self._message(bundle)

    def flags(self, status: str) -> list[Resource]:
        return [one for (kind, _, _), one in self.held.items() if kind == "Flag" and one["status"] == status]

    def _transaction(self, bundle: Resource) -> int:
        """Conditional create: nothing where there is one. Conditional update: the one that is there is replaced. References to entries become
        references to what they are put as, which is the same whenever it is sent.
        """
        keys = {entry["fullUrl"]: self._asked(entry) for entry in bundle["entry"]}
        changed = 0
        for entry in bundle["entry"]:
            key = keys[entry["fullUrl"]]
            if entry["request"]["method"] == "POST" and key in self.held:
                continue
            written = json.dumps(entry["resource"])
            for url, place in keys.items():
                written = written.replace(url, "/".join(place))
            changed += self._put(key, json.loads(written))
        return changed

    def _asked(self, entry: Resource) -> tuple[str, str, str]:
        kind, _, by = entry["request"]["url"].partition("?")
        system, _, value = (by or entry["request"]["ifNoneExist"]).removeprefix("identifier=").partition("|")
        assert kind == entry["resource"]["resourceType"]
        assert self._identifier(entry["resource"], system).get("value") == value
        return kind, system, value

    def _message(self, bundle: Resource) -> int:
        """A Flag by its identifier; of what has ended, every Flag of the matter."""
        changed = 0
        for flag in of_kind(bundle, "Flag"):
            filed = {name: flag[name] for name in ("resourceType", "identifier", "status", "code", "period")}
            changed += self._put(("Flag", FLAG_ID, self._identifier(flag, FLAG_ID)["value"]), filed)
            matter = self._identifier(flag, MATTER).get("value")
            for key, other in list(self.held.items()):
                if flag["status"] != "active" and matter and self._identifier(other, MATTER).get("value") == matter:
                    changed += self._put(key, {**other, "status": flag["status"], "period": flag["period"]})
        return changed

    def _put(self, key: tuple[str, str, str], resource: Resource) -> int:
        before = self.held.get(key)
        self.held[key] = resource
        return int(before != resource)

    @staticmethod
    def _identifier(resource: Resource, system: str) -> dict[str, Any]:
        return next((one for one in resource["identifier"] if one["system"] == system), {})
