"""The contract of the bus's topics as an AsyncAPI 3.0 document: topics, records, headers, keys, and which part reads or writes which. Pure.

Made from what runs: the table of words, the topics as they are created, and the rights that each part has at Kafka. So it cannot say what
the bus does not do. The check of it is AsyncAPI's own parser (`tests/contract/test_asyncapi.py`).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import alertbus
from alertbus.broker.acls import AclRule, Operation, Resource
from alertbus.broker.topics import TOPICS, TopicSpec
from alertbus.model.events import AUDIT_RECORDED, RECORD_QUARANTINED
from alertbus.model.field_words import describe, words_within
from alertbus.wire.words import TABLE

_PREFIX = "uk.alertbus."
_SCHEMAS = "#/components/schemas/{model}"
_JSON = "application/json"
_KEPT = {"retain": "Every record is kept for ever.", "compact": "The last record of each key is kept."}


def topics_described(rights: Iterable[AclRule], audited: type[BaseModel]) -> dict[str, Any]:
    """Give the document. `rights`: who may read and write which topic; `audited`: the model of an audit record."""
    models = {type_: _model(type_, audited) for type_ in TABLE}
    written = sorted({model for model in models.values() if model is not None}, key=lambda model: model.__name__)
    _, defined = models_json_schema([(model, "validation") for model in written], ref_template=_SCHEMAS)
    for model in written:
        for name, inner in words_within(model).items():
            describe(defined["$defs"].get(name, {}).get("properties", {}), inner)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "alertbus: the topics",
            "version": alertbus.__version__,
            "description": (
                "What stands on Kafka between the parts of the bus. Each record is a CloudEvent 1.0 in Kafka's binary mode: the event's "
                "attributes are headers, the value is JSON. Keys, headers and subjects are opaque: nothing about a person stands in one. "
                "Fields that are as they are by default are left out. A reader passes over a type of event that it does not know."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": _JSON,
        "channels": {_name(topic.name): _channel(topic) for topic in TOPICS},
        "operations": dict(_operations(rights)),
        "components": {
            "messages": {_short(type_): _message(type_, models[type_]) for type_ in TABLE},
            "schemas": defined.get("$defs", {}),
        },
    }


def _model(type_: str, audited: type[BaseModel]) -> type[BaseModel] | None:
    """The word that the table reads from this type of event; None for a quarantined record, whose value may be anything."""
    if type_ == AUDIT_RECORDED:
        return audited
    if type_ == RECORD_QUARANTINED:
        return None
    word: type[BaseModel] = TABLE[type_].read.__self__  # type: ignore[attr-defined]  # `Word.model_validate_json`, bound to its class
    return word


def _channel(topic: TopicSpec) -> Mapping[str, Any]:
    types = [type_ for type_, on in TABLE.items() if on.topic == topic.name]
    return {
        "address": topic.name,
        "description": f"Key: {topic.key}. Value: {topic.value}. {_KEPT[topic.cleanup]}",
        "messages": {_short(type_): {"$ref": f"#/components/messages/{_short(type_)}"} for type_ in types},
        "bindings": {"kafka": {"topic": topic.name, "topicConfiguration": {"cleanup.policy": _policy(topic)}, "bindingVersion": "0.5.0"}},
    }


def _policy(topic: TopicSpec) -> list[str]:
    return ["compact" if topic.cleanup == "compact" else "delete"]


def _operations(rights: Iterable[AclRule]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    deeds = {Operation.Read: ("reads", "receive"), Operation.Write: ("writes", "send")}
    names = {topic.name for topic in TOPICS}
    for right in sorted(rights):
        if right.resource != Resource.TOPIC or right.name not in names or right.operation not in deeds:
            continue
        verb, action = deeds[Operation(right.operation)]
        part = right.principal.removeprefix("alertbus-")
        yield (
            f"{part}-{verb}-{_name(right.name)}",
            {"action": action, "channel": {"$ref": f"#/channels/{_name(right.name)}"}, "summary": f"{part} {verb} {right.name}"},
        )


def _message(type_: str, model: type[BaseModel] | None) -> Mapping[str, Any]:
    message: dict[str, Any] = {"name": type_, "contentType": _JSON, "headers": _headers(type_)}
    if model is None:
        return message | {"summary": "A record that could not be decided or delivered, byte for byte as it was.", "payload": {}}
    title = (model.__doc__ or "").strip().partition("\n")[0]
    return message | {"summary": title, "payload": {"$ref": f"#/components/schemas/{model.__name__}"}}


def _headers(type_: str) -> Mapping[str, Any]:
    text = {"type": "string", "minLength": 1}
    attributes = {
        "ce_specversion": {"const": "1.0"},
        "ce_id": text | {"description": "The same cause gives the same id: a record seen twice is one."},
        "ce_type": {"const": type_},
        "ce_source": text | {"description": "The part that wrote it."},
        "ce_time": text | {"format": "date-time", "description": "The moment of the cause, in UTC."},
        "ce_subject": text | {"description": "An opaque id, never a person's."},
        "content-type": {"const": _JSON},
    }
    return {"type": "object", "properties": attributes, "required": sorted(attributes)}


def _short(type_: str) -> str:
    return type_.removeprefix(_PREFIX)


def _name(topic: str) -> str:
    return topic.removeprefix("alertbus.")
