"""Judges messages of the Children in Need census, in an environment of its own (`make .venv-cin/.ready`): the rules pin what we do not.

Reads JSON on standard input: `schema` (a path), `messages` (name → XML, each judged by the schema), `census` (XML: one return with every
child, judged by the Department's rules of 2026-27 at once, because a run of them takes seconds). Writes `schema`: name → faults, and
`rules`: pairs of a rule's code and the number of the child it is about, or null of the return as a whole.
"""

import importlib
import json
import sys
import warnings
import xml.etree.ElementTree as ET

import xmlschema


def main() -> None:
    asked = json.load(sys.stdin)
    schema = xmlschema.XMLSchema(asked["schema"])
    faults = {name: [f"{e.path}: {e.reason}" for e in schema.iter_errors(xml)] for name, xml in asked["messages"].items()}
    json.dump({"schema": faults, "rules": broken_rules(asked["census"])}, sys.stdout)


def broken_rules(census: str) -> list[tuple[str, str | None]]:
    """Every rule that something breaks, with the child. Without `process_data` the rules about dates fail in silence."""
    warnings.simplefilter("ignore")  # of pandas 1.5 about itself
    from cin_validator import cin_validator as rules

    tables = rules.process_data(rules.convert_data(ET.fromstring(census)))
    found = rules.CinValidator(tables, importlib.import_module("cin_validator.rules.cin2026_27").registry, None)
    of_children = {
        (code, str(child)) for code, child in zip(found.full_issue_df["rule_code"], found.full_issue_df["child_id"], strict=True)
    }
    return [*sorted(of_children), *((str(code), None) for code in sorted(set(found.multichild_issues["rule_code"])))]


if __name__ == "__main__":
    main()
