"""`alertbus schema`: the JSON Schemas of what the bus accepts and sends, and the AsyncAPI document of its topics.

Made from what runs, and kept in `schemas/`.
"""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from pydantic import TypeAdapter

from alertbus.audit.chain import AuditRecord
from alertbus.broker.acls import shipped_rights
from alertbus.cli.output import NO, complain, say
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.base import Word
from alertbus.model.case import Case
from alertbus.model.events import AlertAboutPerson, AlertReachedCase, CaseChanged, LinkChanged, ReviewNeeded, Tick
from alertbus.model.field_words import describe, words_within
from alertbus.model.notice import Message, Notice
from alertbus.model.receipt import Receipt
from alertbus.model.team import Team
from alertbus.plugin.field_reference import alert_reference, notice_reference
from alertbus.plugin.helper_reference import helper_reference
from alertbus.plugin.receipt_reference import receipt_reference
from alertbus.policy.load import load_policy
from alertbus.wire.asyncapi import topics_described

app = typer.Typer(help="Published schemas.", no_args_is_help=True)

PUBLISHED: dict[str, type[Word]] = {
    "alert.v1": Alert,
    "accepted-alert.v1": AcceptedAlert,
    "case.v1": Case,
    "notice.v1": Notice,
    "message.v1": Message,
    "receipt.v1": Receipt,
    "review-needed.v1": ReviewNeeded,
    "alert-about-person.v1": AlertAboutPerson,
    "alert-reached-case.v1": AlertReachedCase,
    "link-changed.v1": LinkChanged,
    "case-changed.v1": CaseChanged,
    "tick.v1": Tick,
    "audit-record.v1": AuditRecord,
    "team.v1": Team,
}


@app.command()
def export(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a file differs from the models.")] = False,
    folder: Annotated[Path | None, typer.Option(help="Where; `schemas/` of this checkout by default.")] = None,
) -> None:
    """Write `schemas/`, or verify it."""
    package = Path(str(files("alertbus")))
    made = dict(_published(folder or package.parent / "schemas"))
    if folder is None:
        guide = package / "plugin" / "guide"
        made |= {guide / "notice-fields.md": notice_reference(load_policy(None).sharing), guide / "alert-fields.md": alert_reference()}
        made |= {guide / "helpers.md": helper_reference()}
        made |= {guide / "receipt-fields.md": receipt_reference()}
    stale = []
    for path, text in made.items():
        if check:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(path.name)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale:
        complain(f"differs from the models: {', '.join(stale)}. Run `alertbus schema export`, and say in CHANGELOG what changed.")
        raise typer.Exit(NO)
    say(f"{len(made)} files " + ("are as the models say" if check else "written"))


def _published(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each schema's file and text."""
    for name, word in PUBLISHED.items():
        yield folder / f"{name}.json", json.dumps(_schema(name, word), indent=1, ensure_ascii=False) + "\n"
    topics = topics_described(shipped_rights(), AuditRecord)
    yield folder / "asyncapi.yaml", yaml.safe_dump(topics, sort_keys=False, allow_unicode=True, width=140)


def _schema(name: str, word: type[Word]) -> dict[str, Any]:
    schema = TypeAdapter(word).json_schema(by_alias=True)
    for inner, model in words_within(word).items():
        describe((schema if model is word else schema["$defs"].get(inner, {})).get("properties", {}), model)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:alertbus:schema:{name}", **schema}
