"""How far the audit chains have come, kept outside of broker and database: whoever makes both anew does not make this anew.

A line of the file is JSON: `at`, `chain`, `number` and `hash` of a chain's last record at that moment. The same goes to an address, if one
is set, as a POST of `{"heads": [...]}`: that it fails is logged and stops nothing, for the file holds them.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from alertbus.audit.chain import Head

EVERY = 20
"""Records of a chain after which its head is written at once; fewer are written with the next minute. Chosen: a burst is held soon."""

_LIMIT_S = 5.0

log = structlog.get_logger("alertbus.audit")


class Anchor:
    """Writes heads. Several processes may append to one file."""

    def __init__(self, file: Path, url: str | None, now: Callable[[], datetime]) -> None:
        self._file, self._url, self._now = file, url, now
        self._written: dict[str, int] = {}
        self._heads: dict[str, Head] = {}

    async def note(self, chain: str, head: Head) -> None:
        """Take the head of a chain, and write what is due. Raises `OSError` where the file cannot be written."""
        self._heads[chain] = head
        if chain not in self._written or head.number - self._written[chain] >= EVERY:
            await self.write()

    async def write(self) -> int:
        """Write every head that is further than what was written; give how many. Raises `OSError`."""
        at = self._now().isoformat()
        later = {chain: head for chain, head in sorted(self._heads.items()) if head.number > self._written.get(chain, 0)}
        heads = [{"at": at, "chain": chain, "number": head.number, "hash": head.hash} for chain, head in later.items()]
        if heads:
            await asyncio.to_thread(_append, self._file, "".join(json.dumps(one) + "\n" for one in heads))
            self._written |= {chain: head.number for chain, head in later.items()}
            if self._url is not None:
                await self._tell(self._url, heads)
        return len(heads)

    async def _tell(self, url: str, heads: list[dict[str, object]]) -> None:
        import httpx  # only a bus that has such an address needs it

        try:
            async with asyncio.timeout(_LIMIT_S), httpx.AsyncClient() as client:
                answer = await client.post(url, json={"heads": heads})
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, ValueError) as fault:
            log.warning("the audit's anchor was not reached", error=type(fault).__name__)
            return
        if not answer.is_success:
            log.warning("the audit's anchor did not take the heads", status=answer.status_code)


def anchor_places(named: str | None, data_dir: Path) -> tuple[Path, str | None]:
    """Give the file, and the address if one is set: the setting names either; without a file it stands in the data folder."""
    own = data_dir / "audit.anchor"
    if named is None:
        return own, None
    return (own, named) if "://" in named else (Path(named), None)


STEADY = timedelta(minutes=1)
"""How often heads are written that are not due yet."""


def _append(file: Path, lines: str) -> None:
    if not file.exists():
        file.touch(mode=0o600)
    with file.open("a", encoding="ascii") as out:
        out.write(lines)


def anchored(file: Path) -> Mapping[tuple[str, int], str]:
    """Give the hash of each (chain, number) that the file holds; nothing where there is no file. A line cut short counts for nothing."""
    try:
        lines: Iterable[str] = file.read_text(encoding="ascii", errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    found: dict[tuple[str, int], str] = {}
    for line in lines:
        try:
            one = json.loads(line)
            found[str(one["chain"]), int(one["number"])] = str(one["hash"])
        except (ValueError, KeyError, TypeError):
            continue
    return found
