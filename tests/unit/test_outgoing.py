"""What the running bus itself refuses in a plugin's message, whether or not anybody ran the conformance kit: too large, the flag not there
or not first, something of a family outside the body. And that a family's own name refuses nothing.
"""

import json
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any

import pytest

from alertbus.model.errors import PluginFault, told_class
from alertbus.model.identifiers import Identifier, IdentifierSystem
from alertbus.model.notice import Deed, Message, Notice, NoticePerson
from alertbus.model.person import Address, Name
from alertbus.plugin.kit.samples import CANARIES, FLAG, SPOKEN, ended_notice, every_notice, sample_notice
from alertbus.plugin.manager import Plugins, offer
from alertbus.policy.load import load_policy
from alertbus.policy.plugin_rules import PluginRules

KNOWN = Plugins.load()


class Writes:
    """An adapter whose message is what a function makes of the notice."""

    name = sector = "northfield"
    contract = 1
    formats: Sequence[str] = ("application/json",)

    def __init__(self, message: Callable[[Notice], Message], marks: Sequence[str] = ()) -> None:
        self.render = message
        self.flag_marks = marks


def page(fields: Any, **around: Any) -> Message:
    return Message(media_type="application/json", body=json.dumps(fields).encode(), **around)


def fault_of(adapter: Writes, notice: Notice, rules: PluginRules | None = None) -> str:
    """What the bus says of the message; empty where it sends it."""
    plugins = Plugins({"fire": offer(adapters=[adapter])}, rules=rules or PluginRules())
    refused: PluginFault | None = None
    try:
        plugins.render(notice, plugins.adapters["northfield"])
    except PluginFault as fault:
        refused = fault
    if refused is None:
        return ""
    told = str(refused)
    assert not [canary for canary in (*CANARIES, SPOKEN) if canary.casefold() in told.casefold()], "it repeats the family"
    assert (refused.__cause__, refused.__context__) == (None, None)
    return told.removeprefix("agency plugin 'fire', adapter 'northfield': ")


class Unlooked(Message):
    """A message of which nothing may be looked at but its size."""

    def __getattribute__(self, name: str) -> Any:
        if name in {"headers", "filename", "media_type", "model_copy"}:
            raise AssertionError(f"{name} was looked at")
        return super().__getattribute__(name)


def test_a_message_that_is_too_large_is_refused_before_anything_else_of_it_is_looked_at() -> None:
    most = PluginRules().largest_message_bytes
    large = Unlooked.model_construct(media_type="text/plain", body=b"x" * (most + 1), filename="a.txt", headers={})

    told = fault_of(Writes(lambda _: large), sample_notice())

    assert told == (
        f"the message has {most + 1} bytes, at most {most} (the policy's plugins.largest_message_bytes). "
        "Render what the notice holds, and nothing else."
    )
    assert not fault_of(Writes(lambda _: page([FLAG, "x" * 20_000])), sample_notice(), PluginRules(largest_message_bytes=30_000))


def test_the_largest_message_is_larger_than_the_largest_notice_becomes() -> None:
    """A record of a notice has 1 MB at most; every shipped adapter writes it out in less than the policy's limit."""
    from alertbus.model.notice import Excerpt

    notice = sample_notice(narrative=tuple(Excerpt.of(f"{n} " + '"Wörter" & <b>ünd</b> ' * 40_000) for n in range(1)))
    assert len(notice.model_dump_json().encode()) > 900_000

    for adapter in KNOWN.adapters.values():
        assert len(KNOWN.render(notice, adapter).body) < load_policy().plugins.largest_message_bytes, adapter.name


MISSING = "the flag of the notice is not in the message. Put it before everything else."
LATE = "the flag of the notice comes after other words of it. Put it before everything else."
ENDED = ended_notice(Deed.WITHDRAW, flag=FLAG)


@pytest.mark.parametrize("notice", [*(sample_notice(deed=deed) for deed in Deed if not deed.ends), ENDED], ids=lambda n: n.deed.value)
def test_a_flag_that_is_not_there_is_refused_whatever_the_deed(notice: Notice) -> None:
    assert fault_of(Writes(lambda n: page([n.title, n.summary])), notice) == MISSING
    assert not fault_of(Writes(lambda n: page([n.flag, n.title, n.summary])), notice)


def test_a_flag_that_is_shown_for_one_kind_alone_is_refused_for_the_others() -> None:
    adapter = Writes(lambda n: page([n.flag if n.obligation.kind == "threat_to_staff" else "", n.title]))

    assert not fault_of(adapter, sample_notice())
    assert fault_of(adapter, sample_notice(kind="ppn")) == MISSING


@pytest.mark.parametrize(
    "order",
    [
        lambda n: [n.title, n.flag],
        lambda n: [n.summary, n.flag],
        lambda n: [n.narrative[0].text, n.flag],
        lambda n: {"head": f"Re: {n.title}.", "flag": n.flag},
    ],
    ids=["title", "summary", "narrative", "inside a line"],
)
def test_a_flag_that_is_not_first_is_refused(order: Callable[[Notice], Any]) -> None:
    assert fault_of(Writes(lambda n: page(order(n))), sample_notice()) == LATE


def test_a_flag_is_found_whatever_the_format_does_to_its_letters() -> None:
    flag = 'DOG "BITES" & barks\u2019 at\n Ll\u0177n: two <to> visit'
    notice = sample_notice(flag=flag)
    written = [
        Message(media_type="application/json", body=json.dumps({"a": flag}, ensure_ascii=True).encode()),
        Message(media_type="application/json", body=json.dumps({"a": flag}, ensure_ascii=False).encode()),
        Message(media_type="application/fhir+xml", body='<a>DOG "BITES" &amp; barks\u2019 at\n Ll\u0177n: two &lt;to> visit</a>'.encode()),
        Message(media_type="text/html", body="<b>DOG &quot;BITES&quot; &amp; barks\u2019 at Ll\u0177n: two &lt;to&gt; visit</b>".encode()),
        Message(media_type="text/plain; charset=utf-16", body=flag.encode("utf-16")),
    ]

    for message in written:
        assert not fault_of(Writes(partial(_this, message)), notice), message.media_type


def _this(message: Message, _: Notice) -> Message:
    return message


def test_words_that_stand_before_the_flag_by_chance_are_not_taken_for_the_notice_s() -> None:
    notice = sample_notice(kind="meeting", title="Meeting", narrative=())

    assert not fault_of(Writes(lambda n: page({"type": "Meetings of agencies", "flag": n.flag, "title": n.title})), notice)
    assert fault_of(Writes(lambda n: page({"type": n.title, "flag": n.flag})), notice) == LATE


def test_a_format_without_room_says_the_flag_in_a_sentence_that_its_adapter_names() -> None:
    short = Writes(lambda n: page({"says": "Staff safety: call first", "title": n.title}), marks=["Staff safety:"])
    none = Writes(lambda n: page({"title": n.title}), marks=["Staff safety:"])
    late = Writes(lambda n: page({"title": n.title, "says": "Staff safety: call first"}), marks=["Staff safety:"])
    head = Writes(lambda n: page({"title": n.title}, headers={"x-caution": "Staff safety: call first"}), marks=["Staff safety:"])

    assert [fault_of(one, sample_notice()) for one in (short, none, late, head)] == ["", MISSING, LATE, ""]


@pytest.mark.parametrize("marks", ["Staff safety", ["!"], [7]])
def test_a_sentence_for_the_flag_that_says_nothing_is_refused_when_the_bus_starts(marks: Any) -> None:
    with pytest.raises(PluginFault, match="`flag_marks` is no list of texts of 8 letters or more"):
        Plugins({"fire": offer(adapters=[Writes(lambda n: page([n.flag]), marks=marks)])})


@pytest.mark.parametrize(
    "value",
    [
        "Quillfeather-Moss",
        "quillfeather_moss",
        "xQuillfeatherMoss1",
        "for Zeb",
        "2019-05-17",
        "20190517",
        "17/05/2019",
        "998 846 2441",
        "ZZ999ZZ",
        "7-thistlebank",
        "100012345678",
        "Putative father",
    ],
)
def test_nothing_of_a_person_stands_outside_the_body(value: str) -> None:
    fault = "the message's headers holds something of a person in the notice. Proxies and logs see it: keep it out."
    adapters = {
        "headers": Writes(lambda n: page([n.flag], headers={"x-about": _own(n, value)})),
        "media_type": Writes(lambda n: Message(media_type=f"application/json; about={_own(n, value)}", body=json.dumps([n.flag]).encode())),
    }
    if "/" not in value and " " not in value:
        adapters["filename"] = Writes(lambda n: page([n.flag], filename=f"a{_own(n, value)}.json"))
    for place, adapter in adapters.items():
        assert fault_of(adapter, sample_notice()) == fault.replace("headers", place), place


def _own(notice: Notice, value: str) -> str:
    """The value while the notice is about that family; something else about another, as an adapter would write it."""
    child = notice.children[0]
    return value if child.name is not None and child.name.given == "Wrenna" else "nobody"


def test_a_family_s_name_that_is_a_word_of_the_format_refuses_nothing() -> None:
    person = NoticePerson(
        ref="p",
        name=Name(given="En", family="Northfield"),
        label="Case page",
        born=date(2020, 2, 29),
        identifiers=(Identifier(system=IdentifierSystem.NHS_NUMBER, value="9988462441"),),
        addresses=(Address(postcode="AB1 2CD"),),
    )
    plain = Writes(
        lambda n: page(
            [n.flag],
            filename=f"case-page-{n.id}.json",
            headers={"x-schema": "northfield.v1", "content-language": "en", "x-n": "9988462441"},
        )
    )
    told = Writes(lambda n: page([n.flag], headers={"x-schema": "northfield.v1", "x-who": (n.people[0].name or Name()).full}))
    notice = sample_notice(people=(person,), children=())

    assert not fault_of(plain, notice)
    assert fault_of(told, notice).startswith("the message's headers holds something of a person")


def test_what_the_shipped_plugins_write_is_sent_for_every_kind_and_deed_with_the_shipped_policy_s_flag() -> None:
    rules = load_policy().kinds
    flag = f"{rules['violent_person_flag'].title.upper()} (threat): {rules['violent_person_flag'].action}"
    adapters = [*KNOWN.adapters.values(), KNOWN.adapter_for("nobody")]
    for notice in every_notice():
        rule = rules.get(notice.obligation.kind)
        words = {"title": rule.title, "summary": rule.summary, "action": rule.action} if rule else {}
        flagged = notice.model_copy(update={"flag": flag, **words})
        for adapter in adapters:
            assert KNOWN.render(flagged, adapter).idempotency_key == notice.id


def test_a_class_named_after_what_it_was_about_is_not_named() -> None:
    def render(notice: Notice) -> Message:
        raise type(notice.narrative[0].text, (LookupError,), {})

    assert fault_of(Writes(render), sample_notice()).startswith("render raised LookupError.")
    assert fault_of(Writes(lambda _: type("Quillfeather", (), {})()), sample_notice()).startswith("render returned object (")
    assert [told_class(one) for one in (ValueError, type(None), PluginFault, json.JSONDecodeError)] == [
        "ValueError",
        "NoneType",
        "alertbus.model.errors.PluginFault",
        "json.decoder.JSONDecodeError",
    ]
