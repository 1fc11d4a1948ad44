"""The references of what a plugin reads and states, made from the models: what stands in each field, when it is absent, its class. Pure.

`alertbus schema export` writes them to `alertbus/plugin/guide/`, and `--check` says when the models have moved on.
"""

import re
import types
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from alertbus.model.alert import Alert
from alertbus.model.details import Details
from alertbus.model.field_words import field_words, words_within
from alertbus.model.identity import PersonMerged, PersonSplit
from alertbus.model.notice import Content, Deed, Notice
from alertbus.model.sensitivity import Sensitivity

_NOTICE = """\
# Every field of a notice

Made from the models by `alertbus schema export`; do not edit. The same as JSON Schema: `schemas/notice.v1.json`.

A notice is made less for its agency before your adapter sees it. A field that the agency may not know is absent: None, or empty.
*always* means that it is there in every notice. The class says how sensitive a field is; the policy says which class a sector sees
([who sees what](#who-sees-which-class)). In `withheld` stand the classes of which something was left out.

`details` holds sections of [Details](#details), each with the fields that the agency may see, as JSON has them.

Times are in UTC, with their offset; days are UK days. Text is in Unicode as the sender wrote it.
"""

_ALERT = """\
# Every field of what a source states

Made from the models by `alertbus schema export`; do not edit. The same as JSON Schema: `schemas/alert.v1.json`.

A source states alerts ([Alert](#alert)) and who is who ([PersonMerged](#personmerged), [PersonSplit](#personsplit)). What the message does
not say, leave absent: it is then shown as not stated. The class decides which agencies may see a field (`notice-fields.md`, at its end).

*at most* counts the characters of a text and the entries of a list. What asks for several fields together stands below its table; what the
bus refuses besides, [at the end](#what-the-bus-refuses-besides).
"""

_AT_THE_DOOR = """
## What the bus refuses besides

The models above take these, and the kit cannot know them; the gateway answers 422 with the path.

| path | expected |
|---|---|
| `occurred_at`, `recorded_at` | a moment since 1990 that has passed, by the bus's clock and 15 minutes more. \
`occurred_at` of the kinds `meeting`, `worker_change`, `involvement_started` and `involvement_ended` may lie ahead; \
a release to come is `details.release.date` |
| any day or moment | at most 130 years back and 100 ahead (the policy's `moments`) |
| `person.key` | the key of one person of an imported case; where that person has an identifier too, an unknown key does no harm |
| `referrer.reference` | one with a digit in it: letters alone may be a name |
| `narrative[].text`, `details` | words: no pictures, film or sound written out as letters or numbers |
| `details.status_change` | the kind `case_status_change`, and no other; `reason` and `basis` where the case is closed or stepped down |
| `source`, `kind`, `exercise` | an agency for which the caller acts, a kind that its sector may state, and none of the bus's own |
"""

_DEEDS: Mapping[Deed, str] = {
    Deed.DELIVER: "It is told for the first time.",
    Deed.AMEND: "What was told is corrected or completed: it replaces what came before of the same obligation.",
    Deed.WITHDRAW: "The sender took it back: it stands for nobody.",
    Deed.NO_LONGER_YOURS: "It stands, but not for this agency.",
    Deed.CORRECT: "It was never about this case: somebody else is meant.",
    Deed.ESCALATE: "Nobody has answered: the next of the chain is told, or the same once more.",
}

_LIST_OF_WORDS = re.compile(r"\^\(([a-z_|]+)\)\$")


def notice_reference(sharing: Mapping[str, Mapping[Sensitivity, Content]]) -> str:
    """Give the page. `sharing`: by sector, how much of each class it sees, as the policy has it."""
    parts = [_NOTICE, *_deeds(), *_tables({**words_within(Notice), **words_within(Details)}), "", *_matrix(sharing)]
    return "\n".join(parts) + "\n"


def alert_reference() -> str:
    """Give the page of what a source may state: alerts, and who is who."""
    stated = [words_within(word) for word in (Alert, PersonMerged, PersonSplit)]
    return "\n".join([_ALERT, *_tables({name: word for words in stated for name, word in words.items()}), _AT_THE_DOOR])


def _tables(words: Mapping[str, type[BaseModel]]) -> list[str]:
    parts: list[str] = []
    for name, word in words.items():
        parts += [
            "",
            f"## {name}",
            "",
            _first_sentences(word),
            "",
            "| field | holds | when absent | class | meaning |",
            "|---|---|---|---|---|",
        ]
        said = field_words(word)
        parts += [_row(field, info, said.get(field, ""), word) for field, info in word.model_fields.items()]
        if rules := rules_over_fields(word):
            parts += ["", *(f"- {rule}" for rule in rules)]
    return parts


def rules_over_fields(word: type[BaseModel]) -> list[str]:
    """Give what the word asks of several fields together: the first sentences of its own validators, which refuse what does not keep it."""
    own = word.__pydantic_decorators__
    checks = [check.func for check in own.model_validators.values()] + [check.func for check in own.field_validators.values()]
    return [_first_sentences(check) for check in checks]


def _deeds() -> Iterator[str]:
    yield from ("## The deeds", "", "| `deed` | means |", "|---|---|")
    for deed in Deed:
        yield f"| `{deed}` | {_DEEDS[deed]} |"


def _row(field: str, info: FieldInfo, said: str, word: type[BaseModel]) -> str:
    mark = next((one for one in info.metadata if isinstance(one, Sensitivity)), None)
    absent = "*always*" if info.is_required() else _default(info)
    most = next((found for one in info.metadata if (found := getattr(one, "max_length", None))), None)
    shown = (_choices(info) or _shown(info.annotation)) + (f", at most {most:,}" if most else "")
    return f"| `{info.alias or field}` | {shown} | {absent} | {_class(mark, word)} | {_cell(said)} |"


def _choices(info: FieldInfo) -> str:
    """The words that a pattern bounds a text to, where it does."""
    patterns = (getattr(one, "pattern", None) for one in info.metadata)
    found = next((match for pattern in patterns if pattern and (match := _LIST_OF_WORDS.fullmatch(str(pattern)))), None)
    return ", ".join(f"`{word}`" for word in found[1].split("|")) if found else ""


def _class(mark: Sensitivity | None, word: type[BaseModel]) -> str:
    return f"`{mark}`" if mark else f"that of the {word.__name__.lower()}"


def _default(info: FieldInfo) -> str:
    default = info.get_default(call_default_factory=True, validated_data={})
    if default is None:
        return "None"
    if isinstance(default, Enum):
        return f"`{default}`"
    if isinstance(default, str):
        return f"`{default}`" if default else "empty text"
    return "empty" if isinstance(default, Collection) else f"{default}"


def form_of(annotation: object) -> str:
    """What a field of this annotation holds, in words."""
    return _shown(annotation)


def _shown(annotation: object) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _shown(inner[0])
    if origin in {Union, types.UnionType}:
        return " or ".join(_shown(one) for one in inner if one is not types.NoneType)
    if origin is tuple:
        return f"list of {_shown(inner[0])}"
    if origin is not None and issubclass(origin, Mapping):
        return "object"
    return _named(annotation)


def _named(kind: object) -> str:
    if kind is AwareDatetime:
        return "time"
    plain = {str: "text", int: "number", bool: "yes or no", date: "day", datetime: "time", bytes: "bytes"}
    if kind in plain:
        return plain[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(f"`{one.value}`" for one in kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    return "anything"


def _first_sentences(documented: object) -> str:
    return " ".join((documented.__doc__ or "").partition("\n\n")[0].split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _matrix(sharing: Mapping[str, Mapping[Sensitivity, Content]]) -> Iterator[str]:
    yield from (
        "## Who sees which class",
        "",
        "By the shipped policy; an operator's own may differ. What is not listed is shown to nobody.",
        "",
    )
    sectors = list(sharing)
    yield f"| class | {' | '.join(sectors)} |"
    yield "|---" * (len(sectors) + 1) + "|"
    for one in Sensitivity:
        seen = [str(sharing[sector].get(one, "")) for sector in sectors]
        if any(seen):
            yield f"| `{one}` | {' | '.join(seen)} |"
