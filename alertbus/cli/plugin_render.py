"""`alertbus plugin render`: what an agency's system would receive, for one notice or, as a gallery, for every kind and deed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alertbus.cli.files import bytes_of
from alertbus.cli.output import NO, WrongUsage, as_it_is, complain, say
from alertbus.cli.plugins_dir import PluginsDir, try_from
from alertbus.model.notice import Deed

if TYPE_CHECKING:
    from alertbus.model.notice import Notice
    from alertbus.plugin.manager import Plugins
    from alertbus.plugin.protocols import Adapter
    from alertbus.policy.policy import Policy
    from alertbus.run.preview import ShownAs

KIND = "threat_to_staff"
"""What is shown where nothing is asked for: it has a flag, people, and words."""


def render(
    plugin: Annotated[
        str, typer.Argument(metavar="NAME|PATH", help="An adapter's name, from `alertbus plugin list`, or a path such as ./fire.")
    ],
    alert: Annotated[Path | None, typer.Option("--alert", help="An alert's JSON file, - for standard input; else one is invented.")] = None,
    notice: Annotated[
        list[Path] | None, typer.Option("--notice", help="A notice's JSON file, rendered as it is; with --all, several.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help=f"The kind of the invented alert; {KIND} unless said.")] = None,
    deed: Annotated[Deed, typer.Option("--deed", help="What is done with it.")] = Deed.DELIVER,
    exercise: Annotated[bool, typer.Option("--exercise", help="As a rehearsal.")] = False,
    flag: Annotated[
        bool | None, typer.Option("--flag/--no-flag", help="Under a standing flag, or without any; unless said, as the bus would.")
    ] = None,
    minimal: Annotated[bool, typer.Option("--minimal", help="A notice in which everything that may be absent is.")] = False,
    all_: Annotated[
        bool, typer.Option("--all", help="A gallery: every kind, deed, exercise, with flag, as files and a page that lists them.")
    ] = False,
    into: Annotated[Path | None, typer.Option("--into", help="Where the gallery goes; NAME-gallery unless said.")] = None,
    adapter: Annotated[str | None, typer.Option("--adapter", help="Which adapter, where the plugin has several.")] = None,
    plugins_dir: PluginsDir = None,
) -> None:
    """What that agency's system would receive, in its own format, for an alert on an invented case: after minimisation.

    The message goes to standard output, its media type, file name and headers to standard error. Exit 1 where it cannot be rendered.
    """
    from alertbus.cli.plugin_chosen import adapter_of
    from alertbus.run.preview import ShownAs

    try_from(plugins_dir)
    _refuse_contradictions(alert, notice, kind, minimal=minimal, all_=all_, into=into)
    plugins, chosen = adapter_of(plugin, adapter)
    policy = _policy_for(plugin)
    wanted = ShownAs(deed, flag, exercise)
    if all(one.sector != chosen.sector for one in policy.agencies.values()):
        complain(
            f"note: no agency of the sector '{chosen.sector}' stands in the policy, so it is told only that something concerns it. Put its "
            "rows into the policy file, or into policy.yaml beside a plugin that is given by its path."
        )
    if all_:
        _gallery(plugins, chosen, policy, [_read_notice(one) for one in notice or ()], into or Path(f"{chosen.name}-gallery"))
        return
    _show(plugins, chosen, _notice(alert, notice, kind, chosen, policy, wanted, minimal=minimal))


def _refuse_contradictions(
    alert: Path | None, notice: list[Path] | None, kind: str | None, *, minimal: bool, all_: bool, into: Path | None
) -> None:
    given = {"--alert": alert, "--notice": notice, "--kind": kind}
    several = [name for name, value in given.items() if value]
    if alert and kind:
        raise WrongUsage("--kind is for an alert that is invented; the one in the file of --alert has its own. Leave one out.")
    if notice and (alert or kind or minimal):
        raise WrongUsage("--notice is rendered as it is: --alert, --kind and --minimal have no effect on it. Leave them out.")
    if alert and minimal:
        raise WrongUsage("--minimal is a notice of its own: --alert has no effect on it. Leave one out.")
    if all_ and (alert or kind or minimal):
        raise WrongUsage(
            f"--all shows every kind: {', '.join(one for one in several if one != '--notice') or '--minimal'} has no effect. Leave it out."
        )
    if notice and len(notice) > 1 and not all_:
        raise WrongUsage("one --notice at a time; several go with --all.")
    if into and not all_:
        raise WrongUsage("--into is for the gallery of --all; one message goes to standard output.")


def _policy_for(plugin: str) -> "Policy":
    """The policy of the settings; with the rows that a plugin brings which is not installed, where it says so in its policy.yaml."""
    from alertbus.cli.plugin_chosen import is_path
    from alertbus.policy.added_rows import policy_with
    from alertbus.policy.load import load_policy
    from alertbus.settings import load_settings

    settings = load_settings()
    rows = Path(plugin) / "policy.yaml"
    return policy_with(settings.policy, rows) if is_path(plugin) and rows.is_file() else load_policy(settings.policy)


def _notice(
    alert: Path | None,
    notice: list[Path] | None,
    kind: str | None,
    adapter: "Adapter",
    policy: "Policy",
    wanted: "ShownAs",
    *,
    minimal: bool,
) -> "Notice":
    from alertbus.run import preview

    sector = adapter.sector
    if notice:
        return _read_notice(notice[0])
    if minimal:
        return preview.bare(kind or KIND, sector, wanted)
    if kind == preview.BRIEFING:
        return preview.briefed(sector, wanted)
    stated = preview.alert_of(_content(alert, "--alert")) if alert else preview.invented(_known(kind or KIND, policy))
    return preview.previewed(stated, sector, policy, wanted)


def _known(kind: str, policy: "Policy") -> str:
    """Raise `WrongUsage` for a kind that no policy and no gateway knows; one made up is what --alert is for."""
    import difflib

    from alertbus.model.alert import KINDS

    if kind in KINDS or kind in policy.kinds:
        return kind
    near = difflib.get_close_matches(kind, sorted({*KINDS, *policy.kinds}), n=1)
    raise WrongUsage(
        f"--kind: no kind '{kind}'{f'; did you mean {near[0]}' if near else ''}. There are: {', '.join(sorted({*KINDS, *policy.kinds}))}. "
        "A kind of your own: write an alert of it into a file, and give that with --alert."
    )


def _read_notice(file: Path) -> "Notice":
    from alertbus.run.preview import notice_of

    return notice_of(_content(file, "--notice"))


def _content(file: Path, option: str) -> bytes:
    if str(file) != "-" and not file.is_file():
        raise WrongUsage(f"{option}: {file} is no file. Correct its path; `alertbus plugin new` writes samples of an alert.")
    return bytes_of(file)


def _show(plugins: "Plugins", adapter: "Adapter", notice: "Notice") -> None:
    from alertbus.cli.one_call import called_once

    message = called_once(f"adapter '{adapter.name}'", lambda: plugins.render(notice, adapter))
    complain(f"{message.media_type}, {len(message.body)} bytes, {message.filename}")
    for name, value in sorted(message.headers.items()):
        complain(f"{name}: {value}")
    as_it_is(message.body + b"\n")


def _gallery(plugins: "Plugins", adapter: "Adapter", policy: "Policy", own: "list[Notice]", into: Path) -> None:
    from alertbus.cli.one_call import called_once
    from alertbus.run.gallery import is_gallery, shots, write

    if into.exists() and not is_gallery(into):
        raise WrongUsage(f"--into: {into} is there, and is no gallery of ours. Give a folder that is not there yet, or remove it.")
    shown = [
        (shot, called_once(f"adapter '{adapter.name}'", lambda shot=shot: shot.rendered(plugins, adapter)))  # type: ignore[misc]
        for shot in shots(adapter.sector, policy, own)
    ]
    failed = write(into, adapter, shown)
    say(f"{len(shown) - len(failed)} messages in {into}: open {into / 'index.html'}")
    for line in failed:
        complain(line)
    if failed:
        raise typer.Exit(NO)
