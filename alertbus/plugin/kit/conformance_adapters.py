"""The rules for adapters, one function each. They raise `Broken`; `testing.py` says which tier, why and how to mend."""

import os
import re
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import nhs_number

from alertbus.model.alert import SaidBy
from alertbus.model.errors import PluginFault
from alertbus.model.notice import ENDINGS, Deed, Excerpt, Message, Notice
from alertbus.plugin import fidelity
from alertbus.plugin.kit.conformance import Broken, everything_said_by, leaked, must
from alertbus.plugin.kit.fences import world_closed
from alertbus.plugin.kit.samples import (
    CANARIES,
    SPOKEN,
    addressed_notice,
    ended_notice,
    every_notice,
    minimal_notice,
    sample_briefing,
    sample_notice,
)
from alertbus.plugin.manager import Plugins, offer
from alertbus.plugin.protocols import Adapter

_TEXTS = (
    SPOKEN,
    "Short.",
    "  leading and trailing space  ",
    "CAPITALS and\r\na carriage return",
    '{"looks": "like JSON"} <xml/> &amp; =1+1, "quoted""twice"',
    "She said the same thing again and again. " * 80,
    "\u05d0\u05d1\u05d2 \u0627\u0644\u0633 \u4f60\u597d e\u0301 \u2019\u2019",
)
_A_PATH = re.compile(r"(?:^|[\s\"'(=])(?:/(?:home|work|tmp|var|usr|opt|root|Users|private)/|[A-Z]:\\)")
_DIED = date(2019, 6, 28)
_NOT_STATED = re.compile(r"not[ _-]stated", re.IGNORECASE)
_TEN_DIGITS = re.compile(r"(?<!\d)\d{10}(?!\d)")


def has_attributes(adapter: Adapter) -> None:
    try:
        Plugins({"under-test": offer(adapters=[adapter])})
    except PluginFault as fault:
        raise Broken(str(fault)) from None


def renders_everything(adapter: Adapter) -> None:
    for notice in every_notice():
        _render(adapter, notice, f"kind {notice.obligation.kind}, deed {notice.deed}")
    _render(adapter, sample_notice(kind="a_kind_made_up_locally"), "a kind nobody has heard of")
    _render(adapter, addressed_notice(), "a notice that says who answers, and why it is they")


def renders_minimal(adapter: Adapter) -> None:
    for deed in Deed:
        _render(adapter, minimal_notice(deed=deed), f"a minimal notice, deed {deed}")
    for deed in ENDINGS:
        _render(adapter, ended_notice(deed), f"the end of what was told, deed {deed}")


def tells_deeds_apart(adapter: Adapter) -> None:
    delivered = adapter.render(sample_notice(deed=Deed.DELIVER)).body
    for deed in ENDINGS:
        must(
            adapter.render(sample_notice(deed=deed)).body != delivered,
            f"a notice that ends something, deed {deed}, has the bytes of a delivery",
        )


def is_deterministic(adapter: Adapter) -> None:
    for notice in (sample_notice(), minimal_notice()):
        first = adapter.render(notice)
        must(adapter.render(notice) == first, "two renderings of one notice differ")
        for zone in ("Pacific/Kiritimati", "America/Anchorage"):
            with _local_zone(zone):
                must(adapter.render(notice) == first, "the rendering follows the machine's time zone")


def is_pure(adapter: Adapter) -> None:
    adapter.render(sample_notice())  # a first call may import what it needs
    with world_closed():
        adapter.render(sample_notice())


def remembers_nothing(adapter: Adapter) -> None:
    clean = adapter.render(minimal_notice())
    adapter.render(sample_notice())
    must(adapter.render(minimal_notice()) == clean, "a notice renders otherwise after another family's")


def flag_comes_first(adapter: Adapter) -> None:
    notice = sample_notice(flag="Dog loose; two to visit", summary="Summary words of ours", title="Title words of ours")
    strings = fidelity.strings_of(adapter.render(notice))
    text = "\n".join(strings)
    at = text.find(notice.flag or "")
    must(at >= 0, "the flag is not in the body")
    for what, other in (("title", notice.title), ("summary", notice.summary), ("narrative", SPOKEN)):
        found = text.find(other)
        must(found < 0 or found > at, f"the {what} stands before the flag")


def briefs_flag_first(adapter: Adapter) -> None:
    """Of a newcomer's briefing too the flag comes before all else."""
    notice = sample_briefing(flag="Dog loose; two to visit")
    text = "\n".join(fidelity.strings_of(adapter.render(notice)))
    at = text.find(notice.flag or "")
    must(at >= 0, "the flag is not in the body of a briefing")
    for what, other in (("title", notice.title), ("summary", notice.summary), ("what stands", "Public Protection Notice")):
        found = text.find(other)
        must(found < 0 or found > at, f"of a briefing the {what} stands before the flag")


def keeps_text_whole(adapter: Adapter) -> None:
    for number, text in enumerate(_TEXTS):
        for said_by in SaidBy:
            excerpt = Excerpt.of(text, said_by, observed_first_hand=True)
            notice = sample_notice(narrative=(excerpt, Excerpt.of(SPOKEN, SaidBy.CHILD, observed_first_hand=False)))
            message = adapter.render(notice)
            must(not fidelity.altered(notice, message), f"text {number} said by a {said_by} is cut or changed")


def keeps_putative(adapter: Adapter) -> None:
    person = sample_notice().people[0].model_copy(update={"ref": "person-2", "label": "Father", "relation": "father"})
    plain = sample_notice(people=(person.model_copy(update={"relation": None, "certainty": None}),), because="A -> you")
    related = sample_notice(people=(person,), because="A -> you")
    message = adapter.render(related)
    without_relation = adapter.render(plain).body
    certain = adapter.render(sample_notice(people=(person.model_copy(update={"certainty": None}),), because="A -> you")).body
    if certain != without_relation:  # the adapter does render relations
        must("putative" in "\n".join(fidelity.strings_of(message)).casefold(), "`putative` is lost beside the relation")


def keeps_source_mark(adapter: Adapter) -> None:
    open_ = adapter.render(sample_notice(do_not_reveal_source=False)).body
    hidden = adapter.render(sample_notice(do_not_reveal_source=True)).body
    must(hidden != open_, "`do_not_reveal_source` leaves no trace in the body")


def says_not_stated(adapter: Adapter) -> None:
    """Where an adapter says who said something, whether it was seen first-hand, whether a release is confirmed or whether the children were
    at an incident, it says too that this was not stated, and in no other case.
    """
    speakers = [sample_notice(narrative=(Excerpt.of(SPOKEN, who, observed_first_hand=True),)) for who in (*SaidBy, None)]
    hands = [sample_notice(narrative=(Excerpt.of(SPOKEN, SaidBy.PUBLIC, observed_first_hand=hand),)) for hand in (True, False, None)]
    dated = {"date": "2021-03-12"}
    surely = [
        sample_notice(kind="prisoner_release", flag=None, details={"release": dated | sure})
        for sure in ({"confirmed": True}, {"confirmed": False}, {})
    ]
    there = [
        sample_notice(kind="domestic_abuse_incident", details={"incident": {"children_present": there}}) for there in (True, False, None)
    ]
    facts = {"who said it": speakers, "first-hand or not": hands, "confirmed or not": surely, "the children present or not": there}
    for fact, notices in facts.items():
        *stated, unsaid = ["\n".join(fidelity.strings_of(adapter.render(notice))) for notice in notices]
        bodies = {adapter.render(notice).body for notice in notices[:-1]}
        if len(bodies) == 1 and adapter.render(notices[-1]).body in bodies:
            continue  # it does not render this fact at all
        marks = [len(_NOT_STATED.findall(text)) for text in stated]
        must(len(_NOT_STATED.findall(unsaid)) > max(marks), f"{fact}: what nobody stated does not read as not stated")


def says_who_died(adapter: Adapter) -> None:
    child = sample_notice().children[0]
    text = "\n".join(fidelity.strings_of(adapter.render(sample_notice(children=(child.model_copy(update={"died": _DIED}),)))))
    named = child.name is not None and (child.name.given or "") in text
    must(not named or _DIED.isoformat() in text, "a child is named, and not that the child has died")


def says_exercise(adapter: Adapter) -> None:
    real = adapter.render(sample_notice()).body
    rehearsed = adapter.render(sample_notice(exercise="winter-rehearsal")).body
    must(rehearsed != real, "a rehearsal renders as a real notice")


def invents_nothing(adapter: Adapter) -> None:
    bare = "\n".join(fidelity.strings_of(adapter.render(minimal_notice())))
    must(not leaked(bare, CANARIES), "a minimal notice renders with somebody's data in it")
    full = "\n".join(fidelity.strings_of(adapter.render(sample_notice())))
    given = sample_notice().model_dump_json()
    for number in _TEN_DIGITS.findall(full):
        must(number in given or not nhs_number.is_valid(number), "an NHS number that the notice does not hold")
    for text in (bare, full):
        must(not _A_PATH.search(text), "a path of the machine it runs on")
        must(os.getcwd() not in text, "the working folder of the machine it runs on")  # noqa: PTH109  compared as text


def outside_is_bare(adapter: Adapter) -> None:
    message = adapter.render(sample_notice())
    outside = "\n".join([message.filename, message.idempotency_key, *message.headers, *message.headers.values()])
    found = leaked(outside, (*CANARIES, SPOKEN))
    must(not found, f"personal data in filename or headers (canaries {found})")


def errors_are_bare(adapter: Adapter) -> None:
    """Hand it notices of impossible shape. It may render or raise, but its error may hold nothing personal."""
    good = sample_notice()
    impossible = [good.model_copy(update={name: 3.5}) for name in type(good).model_fields]
    impossible += [good.model_copy(update={name: None}) for name in type(good).model_fields]
    nobody = good.people[0].model_copy(update={"identifiers": None, "addresses": 7, "born": 3.5})
    impossible.append(good.model_copy(update={"people": (nobody,), "children": (nobody,)}))
    for notice in impossible:
        said = ""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # pydantic's, about the impossible shape: not the adapter's doing
                adapter.render(notice)
        except Exception as error:  # noqa: BLE001  any error will do: it is its text that is looked at
            said = everything_said_by(error)
        found = leaked(said, (*CANARIES, SPOKEN))
        must(not found, f"an error repeats personal data (canaries {found})")


def _render(adapter: Adapter, notice: Notice, what: str) -> Message:
    """Through the bus's own boundary, so that the kit and the bus judge alike."""
    plugins = Plugins({"under-test": offer(adapters=[adapter])})
    try:
        return plugins.render(notice, adapter)
    except PluginFault as fault:
        raise Broken(f"{what}: {fault}") from None


@contextmanager
def _local_zone(name: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()
