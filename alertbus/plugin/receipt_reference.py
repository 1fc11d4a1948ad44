"""The reference of what an adapter may read in a receipt, made from the model and the rule that the gateway asks. Pure.

`alertbus schema export` writes it to `alertbus/plugin/guide/receipt-fields.md`, and `--check` says when they have moved on.
"""

import dataclasses
from collections.abc import Iterator

from alertbus.model.field_words import member_words, words_of_fields
from alertbus.model.receipt import Intent, Stage
from alertbus.plugin.field_reference import form_of
from alertbus.plugin.protocols import ReceiptGiven
from alertbus.plugin.receipt_rules import LONGEST, NAMES_ITS_MESSAGE, SAID_BY_SYSTEMS

_HEAD = """\
# Every field of a receipt

Made from the models by `alertbus schema export`; do not edit.

Your adapter's `parse_receipt(raw)` gives a `ReceiptGiven` (all of it is in `alertbus.plugin`), or raises `UnreadableMessage` with a path
and what was expected there. A running bus takes a receipt at `POST /v1/receipts/{your adapter's name}`, or as the body of the answer to the
webhook. `alertbus plugin parse PATH FILE --receipt` shows what one becomes, or what the bus answers to it;
`alertbus plugin check PATH` tries the files in `samples/{your adapter's name}/`, and `alertbus plugin run PATH` answers with them on a
throw-away bus. `alertbus plugin new NAME --receipts` begins with a reader and samples. A `parse_receipt` for JSON and one for XML stand in
[survives-damaged-receipts.md](../rules/survives-damaged-receipts.md).
"""

_NEEDS = {
    Stage.ACKNOWLEDGED: "`by`, `intent`",
    Stage.ACTED: "`by`, `note`",
}


def receipt_reference() -> str:
    """Give the page: the fields, the stages that a receipt may give and those that it may not, the intents."""
    return "\n".join([_HEAD, *_fields(), "", *_stages(), "", *_intents(), "", *_choosing()]) + "\n"


def needs(stage: Stage) -> str:
    """What a receipt of this stage must hold, besides the stage."""
    return ", ".join(one for one in ("`idempotency_key`" if stage in NAMES_ITS_MESSAGE else "", _NEEDS.get(stage, "")) if one) or "nothing"


def _fields() -> Iterator[str]:
    said = words_of_fields(ReceiptGiven)
    yield from ("## ReceiptGiven", "", "| field | holds | when absent | meaning |", "|---|---|---|---|")
    for field in dataclasses.fields(ReceiptGiven):
        most = f", at most {LONGEST[field.name]} characters" if field.name in LONGEST else ""
        absent = "*always*" if field.default is dataclasses.MISSING else "None"
        yield f"| `{field.name}` | {form_of(field.type)}{most} | {absent} | {said[field.name]} |"


def _stages() -> Iterator[str]:
    said = member_words(Stage)
    yield from ("## Stages", "", "| `Stage` | a receipt may give it | it needs | it says |", "|---|---|---|---|")
    for stage in Stage:
        may = stage in SAID_BY_SYSTEMS
        yield f"| `{stage.name}` | {'yes' if may else 'no: the bus says it'} | {needs(stage) if may else ''} | {said[stage]} |"


def _intents() -> Iterator[str]:
    needed = {Intent.PASSING_ON: "`to`", Intent.NOT_OURS: "`note`"}
    yield from ("## Intents", "", "| `Intent` | it needs | it says |", "|---|---|---|")
    for intent, said in member_words(Intent).items():
        yield f"| `{Intent(intent).name}` | {needed.get(Intent(intent), 'nothing')} | {said} |"


def _choosing() -> Iterator[str]:
    yield from (
        "## Which one is ours?",
        "",
        "| your system says | stage |",
        "|---|---|",
        "| that it has the message, or had it before | `ACCEPTED` |",
        "| that somebody opened it | `SEEN` |",
        "| who takes it on, and what they will do | `ACKNOWLEDGED`, with `by` and `intent` |",
        "| that a named person passed it on to another named person | `ACKNOWLEDGED`, with `by`, `PASSING_ON` and `to` |",
        "| that it was passed on to a team | `SEEN`: a team does not answer, so the chase goes on until somebody by name does |",
        "| who has done something, and what | `ACTED`, with `by` and `note` |",
        "| that it will never take it | `REFUSED`, with a code that you know as `note` |",
        "| that it cannot take it now | `FAILED` |",
        "| anything else, or two of these | none: raise `UnreadableMessage` |",
        "",
        "When somebody answered is not asked: what counts is when the receipt reached the bus.",
    )
