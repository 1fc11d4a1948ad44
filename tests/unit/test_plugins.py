"""The plugin manager: what it refuses at start-up, in which words, and what it lets through while running."""

import json
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alertbus.model.alert import SaidBy
from alertbus.model.errors import PluginFault
from alertbus.model.notice import Excerpt, Message, Notice
from alertbus.plugin import discovery, fidelity, hookimpl
from alertbus.plugin.kit import conformance_calls
from alertbus.plugin.kit.conformance import Broken
from alertbus.plugin.kit.fences import world_closed
from alertbus.plugin.kit.samples import CANARIES, SPOKEN, minimal_notice, sample_notice
from alertbus.plugin.manager import Listed, Plugins, offer
from alertbus.plugin.plain import Plain
from alertbus.plugin.testing import AdapterConformance, SourceConformance, Tier, check
from alertbus.plugin.wording import present
from tests.contract.bad_plugins import good_sources
from tests.few_kinds import few_kinds

LONG = "She came in at nine and said that nobody had been home since the day before yesterday, and cried."


def adapter(**changes: Any) -> Any:
    """Build an adapter that keeps the contract, but for `changes`; None takes an attribute away."""
    parts: dict[str, Any] = {
        "name": "northfield",
        "sector": "health",
        "contract": 1,
        "formats": ("application/json",),
        "render": Plain().render,
        **changes,
    }
    return SimpleNamespace(**{key: value for key, value in parts.items() if value is not None})


def source(**changes: Any) -> Any:
    parts: dict[str, Any] = {"name": "register", "parse": lambda raw, headers: [], **changes}
    return SimpleNamespace(**{key: value for key, value in parts.items() if value is not None})


def writing(write: Callable[[Notice], Any], media_type: str = "application/json") -> Any:
    """Build an adapter whose body is what `write` makes of the notice."""

    def render(notice: Notice) -> Message:
        written = write(notice)
        body = written.encode() if isinstance(written, str) else json.dumps(written).encode()
        return Message(media_type=media_type, body=body)

    return adapter(render=render)


def fault_of(**offered: Any) -> str:
    with pytest.raises(PluginFault) as fault:
        Plugins({"northfield-health": offer(**offered)})
    return str(fault.value)


async def render_later(notice: Notice) -> Message:
    return Plain().render(notice)


class TestStartUp:
    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            (
                {"contract": 2},
                (
                    "`contract` is 2 (this bus offers 1). "
                    "Set it to 1 once the conformance kit passes, or install a version of the plugin that does."
                ),
            ),
            (
                {"contract": None},
                (
                    "`contract` is missing "
                    "(this bus offers 1). "
                    "Set it to 1 once the conformance kit passes, or install a version of the plugin that does."
                ),
            ),
            (
                {"contract": "1"},
                (
                    "`contract` is text, not a number "
                    "(this bus offers 1). "
                    "Set it to 1 once the conformance kit passes, or install a version of the plugin that does."
                ),
            ),
            (
                {"contract": True},
                (
                    "`contract` is true or false, not a number "
                    "(this bus offers 1). "
                    "Set it to 1 once the conformance kit passes, or install a version of the plugin that does."
                ),
            ),
            (
                {"name": None},
                (
                    "`name` is missing (expected: a lower-case name such as 'northfield-health'). "
                    "Set it on the object that the hook returns."
                ),
            ),
            (
                {"sector": "Health"},
                ("`sector` is not that (expected: one lower-case word such as 'health'). Set it on the object that the hook returns."),
            ),
            (
                {"formats": "json"},
                ("`formats` is missing or not a list of names. Name what it writes, such as ('application/json',)."),
            ),
            (
                {"render": None},
                ("has no method `render` (expected: render(notice) -> Message). Add it to the object that the hook returns."),
            ),
            (
                {"render": lambda notice, agency: None},
                ("`render(notice, agency)` does not take what is offered (expected: render(notice) -> Message). Change its parameters."),
            ),
            (
                {"render": render_later},
                ("`render` is asynchronous (expected: render(notice) -> Message). Make it a plain function; it may not wait."),
            ),
            (
                {"parse_receipt": lambda: None},
                ("`parse_receipt()` does not take what is offered (expected: parse_receipt(raw) -> ReceiptGiven). Change its parameters."),
            ),
        ],
        ids=[
            "contract",
            "no contract",
            "contract text",
            "contract true",
            "no name",
            "sector",
            "formats",
            "no render",
            "render",
            "async",
            "receipt",
        ],
    )
    def test_refuses_an_adapter_in_words_that_say_what_to_do(self, changes: dict[str, Any], said: str) -> None:
        known = "'northfield'" if "name" not in changes else "SimpleNamespace"

        fault = fault_of(adapters=[adapter(**changes)])

        assert fault == f"agency plugin 'northfield-health', hook 'alertbus_adapters', {known}: {said}"

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            (
                {"name": "Our Register"},
                ("`name` is not that (expected: a lower-case name such as 'hmpps'). Set it on the object that the hook returns."),
            ),
            (
                {"parse": lambda raw: None},
                (
                    "`parse(raw)` does not take what is "
                    "offered (expected: parse(raw, headers) -> list[Alert] | Ignored). Change its parameters."
                ),
            ),
        ],
        ids=["name", "parse"],
    )
    def test_refuses_a_source_in_words_that_say_what_to_do(self, changes: dict[str, Any], said: str) -> None:
        name = changes.get("name", "register")

        fault = fault_of(sources=[source(**changes)])

        assert fault == f"agency plugin 'northfield-health', hook 'alertbus_sources', '{name}': {said}"

    def test_refuses_two_adapters_for_one_sector_naming_both_plugins(self) -> None:
        with pytest.raises(PluginFault) as fault:
            Plugins({"b": offer(adapters=[adapter(name="other")]), "a": offer(adapters=[adapter()])})

        assert str(fault.value) == (
            "agency plugins 'a' and 'b' both offer an adapter for the sector 'health'. "
            "Uninstall one of the two, or rename what one of them offers."
        )

    def test_refuses_two_adapters_or_two_sources_of_one_name(self) -> None:
        twice = fault_of(adapters=[adapter(), adapter(sector="housing")])
        again = fault_of(sources=[source(), source()])

        assert "'northfield-health' and 'northfield-health' both offer an adapter named 'northfield'" in twice
        assert "'northfield-health' and 'northfield-health' both offer a source named 'register'" in again

    def test_a_clash_names_the_package_of_each_because_a_plugin_may_be_called_otherwise(self) -> None:
        with pytest.raises(PluginFault) as fault:
            Plugins(
                {"b": offer(sources=[source()]), "a": offer(sources=[source()])},
                packages={"a": "northfield-feeds 2.1", "b": "county-register 0.4"},
            )

        assert str(fault.value) == (
            "agency plugins 'a' (package northfield-feeds 2.1) and 'b' (package county-register 0.4) both offer a source named 'register'. "
            "Uninstall one of the two, or rename what one of them offers."
        )

    def test_refuses_a_parameter_that_no_hook_offers(self) -> None:
        plugin = SimpleNamespace(alertbus_adapters=hookimpl(lambda policy: [adapter()]))

        with pytest.raises(PluginFault, match=r"agency plugin 'p' is refused: (?s:.)*policy"):
            Plugins({"p": plugin})

    @pytest.mark.parametrize(
        ("misspelt", "meant"),
        [
            ("alertbus_adapter", "alertbus_adapters"),
            ("alertbus_source", "alertbus_sources"),
            ("alertbus_adaptors", "alertbus_adapters"),
            ("alertbus_pattern", "alertbus_patterns"),
        ],
    )
    @pytest.mark.parametrize("marked", [True, False])
    def test_a_misspelt_hook_is_told_the_nearest_name_whether_or_not_it_is_marked(self, misspelt: str, meant: str, marked: bool) -> None:
        def hook() -> list[Any]:
            return []

        with pytest.raises(PluginFault) as fault:
            Plugins({"p": SimpleNamespace(**{misspelt: hookimpl(hook) if marked else hook})})

        assert str(fault.value) == (
            f"agency plugin 'p', hook '{misspelt}': there is no such hook. Did you mean `{meant}`? "
            "Rename it; a function that is no hook may not begin with `alertbus_`."
        )

    def test_a_hook_that_is_near_to_none_is_told_all_there_are(self) -> None:
        def hook() -> list[Any]:
            return []

        with pytest.raises(PluginFault, match=r"There are `alertbus_adapters`, `alertbus_channels`"):
            Plugins({"p": SimpleNamespace(alertbus_zzzz=hookimpl(hook))})

    def test_refuses_a_hook_without_its_marker_which_pluggy_would_pass_over(self) -> None:
        with pytest.raises(PluginFault) as fault:
            Plugins({"p": SimpleNamespace(alertbus_adapters=lambda: [adapter()])})

        assert str(fault.value) == ("agency plugin 'p', hook 'alertbus_adapters': not marked. Put @alertbus.plugin.hookimpl above it.")

    def test_refuses_a_wrapper(self) -> None:
        def around() -> Any:
            yield

        with pytest.raises(PluginFault, match=r"a wrapper\. The hook only registers"):
            Plugins({"p": SimpleNamespace(alertbus_adapters=hookimpl(wrapper=True)(around))})

    def test_a_hook_that_raises_or_returns_no_list_is_named_without_its_words(self) -> None:
        def broken() -> Any:
            raise LookupError(CANARIES[0])

        with pytest.raises(PluginFault) as raised:
            Plugins({"p": SimpleNamespace(alertbus_sources=hookimpl(broken))})
        with pytest.raises(PluginFault) as returned:
            Plugins({"p": SimpleNamespace(alertbus_sources=hookimpl(lambda: None))})

        assert str(raised.value) == (
            "agency plugin 'p', hook 'alertbus_sources': raised LookupError. The hook only registers: return the objects."
        )
        assert raised.value.__context__ is None
        assert str(returned.value) == (
            "agency plugin 'p', hook 'alertbus_sources': returned NoneType (expected: a list or tuple of objects). "
            "Put what it offers into one."
        )


class TestLoading:
    def test_the_plain_adapter_comes_by_entry_point_and_serves_who_has_none(self) -> None:
        plugins = Plugins.load()

        assert plugins.adapters["plain"].name == "plain"
        assert plugins.adapter_for("a_sector_nobody_wrote_for").name == "plain"
        assert Plugins({}).adapter_for("health").name == "plain"

    def test_lists_what_each_plugin_offers(self) -> None:
        plugins = Plugins({"northfield": offer(adapters=[adapter()], sources=[source()])}, {"northfield": "2.1"})

        assert plugins.listing() == [
            Listed("northfield", "2.1", "adapter", "northfield", "health", ("application/json",), 1),
            Listed("northfield", "2.1", "source", "register"),
        ]
        assert plugins.adapter_for("health").name == "northfield"

    def test_one_plugin_seen_twice_counts_once_and_two_of_one_name_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ours = EntryPoint("plain", "alertbus.plugin.plain", "alertbus")
        theirs = EntryPoint("plain", "theirs.plain", "alertbus")
        monkeypatch.setattr(discovery, "entry_points", lambda group: [ours, ours])
        assert set(Plugins.load().adapters) == {"plain"}

        monkeypatch.setattr(discovery, "entry_points", lambda group: [ours, theirs])
        with pytest.raises(
            PluginFault,
            match=r"alertbus\.plugin\.plain \(.*theirs\.plain \(.*both offer a plugin named 'plain'",
        ):
            Plugins.load()


class TestRendering:
    def test_the_bus_gives_the_idempotency_key(self) -> None:
        notice = sample_notice()

        message = Plugins({}).render(notice, Plain())

        assert message.idempotency_key == notice.id

    @pytest.mark.parametrize("error", [ValueError, KeyError, SystemExit])
    def test_an_error_becomes_a_fault_without_its_words(self, error: type[BaseException]) -> None:
        def render(notice: Notice) -> Message:
            raise error(f"cannot render {notice.people[0].name}")

        broken = adapter(render=render)
        plugins = Plugins({"northfield-health": offer(adapters=[broken])})

        with pytest.raises(PluginFault) as fault:
            plugins.render(sample_notice(), broken)

        assert str(fault.value) == (
            f"agency plugin 'northfield-health', adapter 'northfield': render raised {error.__name__}. "
            "Run its conformance kit: alertbus plugin check"
        )
        assert (fault.value.__cause__, fault.value.__context__) == (None, None)

    @pytest.mark.parametrize(
        ("message", "said"),
        [
            (None, "render returned NoneType (expected: alertbus.plugin.Message)."),
            (
                Message.model_construct(media_type="text/plain", body="text", filename="a.txt", headers={}),
                "the message's body is str (expected: bytes). Encode it.",
            ),
            (
                Message(media_type="json", body=b"{}"),
                "the message's media type has no '/' (expected: such as application/json).",
            ),
            (
                Message(media_type="application/json", body=b"{}", filename="../../etc/passwd"),
                "the message's filename is not plain. Use letters, digits, dots, hyphens; no folder.",
            ),
            (
                Message(media_type="application/json", body=b"{}", headers={"x-a": "1\r\nx-b: 2"}),
                "a header of the message holds a line break. Keep text in the body.",
            ),
            (
                Message(media_type="application/json", body=b"{"),
                (
                    "the body is not the text that media type application/json promises, so it cannot be checked. "
                    "Send text in the encoding the media type names."
                ),
            ),
            (
                Message(media_type="application/pdf", body=b"\xff\xfe\x00"),
                (
                    "the body is not the text that media type application/pdf promises, so it cannot be checked. "
                    "Send text in the encoding the media type names."
                ),
            ),
        ],
        ids=["no message", "text body", "media type", "filename", "header", "not json", "binary"],
    )
    def test_refuses_what_is_not_a_message(self, message: Any, said: str) -> None:
        with pytest.raises(PluginFault) as fault:
            Plugins({}).render(sample_notice(), adapter(render=lambda notice: message))

        assert str(fault.value) == f"agency plugin 'northfield', adapter 'northfield': {said}"


def spoken(text: str, **changes: Any) -> Notice:
    return sample_notice(flag=None, narrative=(Excerpt.of(text, SaidBy.CHILD, observed_first_hand=True),), **changes)


class TestFidelity:
    @pytest.mark.parametrize(
        ("write", "media_type"),
        [
            (lambda n: {"words": n.narrative[0].text}, "application/json"),
            (lambda n: {"page": f"The child said: {n.narrative[0].text} (end)"}, "application/fhir+json"),
            (lambda n: {"div": f"<p>{manager_escape(n.narrative[0].text)}</p>"}, "application/fhir+json"),
            (lambda n: f"<note><said>{manager_escape(n.narrative[0].text)}</said></note>", "application/xml"),
            (lambda n: f"Said: {n.narrative[0].text}\n", "text/plain; charset=utf-8"),
            (lambda n: {"words": "withheld"}, "application/json"),
            (lambda n: {"about": n.title, "why": n.because, "summary": n.summary}, "application/json"),
        ],
        ids=["json string", "inside a string", "xhtml in json", "xml", "text", "left out", "the bus's own words"],
    )
    @pytest.mark.parametrize("text", [LONG, SPOKEN, "Short."], ids=["long", "awkward", "short"])
    def test_whole_or_absent_passes(self, write: Callable[[Notice], Any], media_type: str, text: str) -> None:
        message = Plugins({}).render(spoken(text), writing(write, media_type))

        assert message.body

    @pytest.mark.parametrize(
        "change",
        [
            lambda t: t[:60],
            lambda t: t[:60] + "...",
            lambda t: t.replace("nobody", "no-one"),
            lambda t: t.upper(),
            lambda t: " ".join(t.split(" ")[:-1]),
            lambda t: t.replace(" ", "\n"),
            lambda t: f"{t} {t[:50]}",
            lambda t: t.encode().decode("latin-1").replace("said", "s\u00e4id"),
        ],
        ids=[
            "cut",
            "cut with dots",
            "a word changed",
            "capitals",
            "last word lost",
            "re-wrapped",
            "a preview beside",
            "encoded",
        ],
    )
    def test_cut_or_changed_is_refused(self, change: Callable[[str], str]) -> None:
        with pytest.raises(PluginFault) as fault:
            Plugins({}).render(spoken(LONG), writing(lambda n: {"words": change(n.narrative[0].text)}))

        assert str(fault.value) == (
            "agency plugin 'northfield', adapter 'northfield': narrative[0] is carried cut or changed. "
            "Carry an excerpt's text byte for byte, or leave it out whole."
        )

    def test_a_short_excerpt_cut_is_found_too(self) -> None:
        notice = spoken("Daddy hit me with the belt")

        with pytest.raises(PluginFault, match=r"narrative\[0\]"):
            Plugins({}).render(notice, writing(lambda n: {"words": "Daddy hit me with the"}))

    def test_one_excerpt_inside_another_is_no_cut(self) -> None:
        inner = Excerpt.of(LONG[:70], SaidBy.CHILD, observed_first_hand=True)
        outer = Excerpt.of(LONG, SaidBy.PROFESSIONAL, observed_first_hand=False)

        message = Plugins({}).render(sample_notice(flag=None, narrative=(inner, outer)), writing(lambda n: {"words": n.narrative[1].text}))

        assert fidelity.carried(sample_notice(flag=None, narrative=(inner, outer)), message) == (0, 1)

    def test_it_says_which_excerpt(self) -> None:
        first = Excerpt.of(LONG, SaidBy.CHILD, observed_first_hand=True)
        second = Excerpt.of(LONG[::-1], SaidBy.PUBLIC, observed_first_hand=True)

        with pytest.raises(PluginFault, match=r"narrative\[1\] is carried"):
            Plugins({}).render(
                sample_notice(flag=None, narrative=(first, second)),
                writing(lambda n: [n.narrative[0].text, n.narrative[1].text[:50]]),
            )


def manager_escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def page_of(notice: Notice) -> dict[str, Any]:
    page: dict[str, Any] = json.loads(Plain().render(notice).body)
    return page


def message_of(page: object, filename: str = "notice.json") -> Message:
    return Message(media_type="application/json", body=json.dumps(page).encode(), filename=filename)


def plain_with(notice: Notice, **changes: Any) -> Message:
    page = {**page_of(notice), **changes}
    return message_of({key: value for key, value in page.items() if value is not None})


def takes_for_a_professional(notice: Notice) -> Message:
    said = [
        {"text": e.text, "said_by": e.said_by or "professional", "observed_first_hand": e.observed_first_hand} for e in notice.narrative
    ]
    return plain_with(notice, narrative=said)


def takes_for_confirmed(notice: Notice) -> Message:
    release = notice.details.get("release")
    return plain_with(notice, details={**notice.details, **({"release": {"confirmed": True, **release}} if release else {})})


def takes_for_absent(notice: Notice) -> Message:
    incident = {"children_present": False, **notice.details.get("incident", {})}
    return plain_with(notice, details={**page_of(notice).get("details", {}), "incident": {k: v or False for k, v in incident.items()}})


@pytest.fixture(autouse=True, scope="module")
def in_haste() -> Iterator[None]:
    with few_kinds():
        yield


class TestKitFindsWhatItLooksFor:
    """What `tests/contract/test_bad_adapters.py` has not: facts that nobody stated, each taken for something."""

    @pytest.mark.parametrize(
        ("render", "rule"),
        [
            (takes_for_a_professional, "says what was not stated"),
            (takes_for_confirmed, "says what was not stated"),
            (takes_for_absent, "says what was not stated"),
            (lambda n: plain_with(n, narrative=[present(text=e.text, said_by=e.said_by) for e in n.narrative]), "says what was not stated"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_a_broken_adapter_is_found(self, render: Callable[[Notice], Message], rule: str) -> None:
        report = check(AdapterConformance, adapter=adapter(render=render))

        assert [f.rule for f in report.results if f.broken and f.rule.startswith(rule)] != []
        assert report.tier is not Tier.PLATINUM
        assert not [c for c in CANARIES[:4] for f in report.results if c in f.broken]

    @pytest.mark.parametrize(
        ("parse", "rule"),
        [
            (lambda raw, headers: None, "gives every sample a defined outcome"),
            (lambda raw, headers: [], "gives every sample a defined outcome"),
            (lambda raw, headers: json.loads(raw)["a"], "gives every sample a defined outcome"),
        ],
        ids=["none", "empty list", "raises its own errors"],
    )
    def test_a_broken_source_is_found(self, parse: Any, rule: str) -> None:
        report = check(SourceConformance, source=source(parse=parse), samples=(b"{}",))

        assert rule in [f.rule for f in report.results if f.broken]
        assert report.tier is Tier.NONE


def test_a_source_checked_without_hypothesis_is_told_which_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)

    report = check(SourceConformance, source=good_sources.Calls(), samples=(good_sources.CALL,))

    broken = {result.rule: result.broken for result in report.results}
    assert broken["survives arbitrary bytes"] == "not checked: hypothesis is not installed. Install alertbus[testing] beside your plugin."


def test_the_extra_for_testing_holds_what_the_kit_imports() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]

    assert [need.partition(">=")[0] for need in project["optional-dependencies"]["testing"]] == ["hypothesis", "pytest"]


def test_a_closed_world_notices_what_it_cannot_prevent() -> None:
    from datetime import UTC, datetime

    with pytest.raises(Broken, match=r"it used the clock \(now\)"), world_closed():
        datetime.now(UTC)


def test_the_samples_are_what_they_say() -> None:
    assert json.loads(Plain().render(minimal_notice()).body).keys() >= {"title", "because", "notice"}
    conformance_calls.renders_everything(Plain())


@given(st.integers(0, len(LONG) - fidelity.WINDOW), st.text(alphabet="xyz -", max_size=90), st.integers(0, 30))
def test_a_passage_is_found_wherever_it_stands(start: int, before: str, more: int) -> None:
    """The quick look at half-passages must never miss what the full one would find."""
    passage = LONG[start : start + fidelity.WINDOW + more]
    assume(passage == passage.strip())  # space at the ends is no part of a passage
    notice = spoken(LONG + " And more.")

    message = message_of({"words": f"{before}{passage}{before}"})

    assert fidelity.altered(notice, message) == (0,)
