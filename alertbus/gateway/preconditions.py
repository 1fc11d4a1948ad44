"""`If-Match` and `If-None-Match` on what has versions: a case, a team."""

from collections.abc import Awaitable, Callable

from alertbus.model.errors import Fault, InvalidInput, NotFound, VersionConflict

_LONGEST = 9
"""Digits of any version that there can be."""


async def expected_version(
    what: str, if_match: str | None, if_none_match: str | None, standing: Callable[[], Awaitable[int]]
) -> int | None:
    """Give the version that the sender read; 0 for none yet; None when it does not say. `standing` gives the one that stands, or raises
    `NotFound`. Raises `VersionConflict` where what was read cannot be what stands.
    """
    if if_none_match is not None:
        if if_none_match.strip() != "*":
            raise InvalidInput([Fault("If-None-Match", "* or nothing", "precondition")])
        return 0
    if if_match is None:
        return None
    given = [tag.strip() for tag in if_match.split(",")]
    if len(given) == 1 and (tag := given[0].strip('"')).isdecimal() and len(tag) <= _LONGEST:
        return int(tag)
    try:
        version = await standing()
    except NotFound:
        raise VersionConflict(f"there is no such {what} yet; send it without If-Match") from None
    if "*" in given or f'"{version}"' in given:
        return version
    raise VersionConflict(f'{what} version {version} stands; read it, apply the change to it, and send If-Match: "{version}".')
