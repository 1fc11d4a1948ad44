"""Guessing a password is made slow; nobody is shut out by it.

A stranger who fails on purpose must not keep a safeguarding lead from a child's alert. So attempts are counted for a user together with an
address; for an address; for a user over all addresses, late and gently; and none of these for a browser with which the user has signed in
before, which is counted by itself (the OWASP community's "Slow Down Online Guessing Attacks with Device Cookies"). An attempt that comes
too early is not looked at and does not count, so that hammering does not prolong anything.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from sqlalchemy import Connection, delete, insert, select, update

from alertbus.desk.sign_in import tables
from alertbus.desk.sign_in.secret_tokens import bucket, hash_of, new_token
from alertbus.sql import locks
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults


@dataclass(frozen=True, slots=True)
class Slowness:
    """After `free` failures in a row one waits `first`, then twice as long each time up to `longest`; forgotten after `quiet`."""

    free: int
    first: timedelta
    longest: timedelta
    quiet: timedelta

    def wait(self, failures: int, last_at: datetime, now: datetime) -> timedelta:
        """Give how long it is still to wait; nothing where it is not."""
        if failures < self.free or now - last_at >= self.quiet:
            return timedelta()
        doubled = min(failures - self.free, _DOUBLINGS)
        until = last_at + min(self.longest, self.first * 2**doubled)
        left: timedelta = until - now
        return min(max(left, timedelta()), self.longest)


_DOUBLINGS = 20

ONE_PLACE = Slowness(free=5, first=timedelta(seconds=2), longest=timedelta(minutes=15), quiet=timedelta(hours=1))
"""A user from one address, and a known browser of theirs. Ours: a person's slips fit in five; then a guess every quarter of an hour."""

ONE_ADDRESS = Slowness(free=50, first=timedelta(seconds=1), longest=timedelta(minutes=1), quiet=timedelta(hours=1))
"""An address, whichever users it names. Ours: behind one address a whole hospital may sign in on a Monday morning."""

ALL_STRANGERS = Slowness(free=100, first=timedelta(seconds=30), longest=timedelta(minutes=15), quiet=timedelta(days=1))
"""A user from everywhere. NIST SP 800-63B, 5.2.2: no more than a hundred failed attempts in a row on one account."""

KNOWN_FOR = timedelta(days=90)
"""How long a browser stays known after a sign-in with it (ours): a term, and who was away for it is a stranger once."""

FORGOTTEN = max(ONE_PLACE.quiet, ONE_ADDRESS.quiet, ALL_STRANGERS.quiet)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an attempt was counted under. `wait`: it came too early by so much, was not counted and must not be looked at."""

    keys: tuple[str, ...]
    wait: timedelta | None


class SlowingDown:
    """The failed attempts of one database: all desk processes count together."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, username: str, address: str, device: str | None, now: datetime) -> Attempt:
        """Count an attempt as failed before its password is looked at: a thousand at the same moment do not all come first."""
        device_hash = hash_of(device) if device else None

        def write(connection: Connection) -> Attempt:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({locks.SIGN_IN})")
            rules = _rules(username, address, device_hash if _is_known(connection, username, device_hash, now) else None)
            kept = {row.key: row for row in connection.execute(select(tables.attempts).where(tables.attempts.c.key.in_(rules)))}
            waits = [rules[key].wait(row.failures, row.last_at, now) for key, row in kept.items()]
            if any(waits):
                return Attempt((), max(waits))
            connection.execute(delete(tables.attempts).where(tables.attempts.c.last_at <= now - FORGOTTEN))
            for key, rule in rules.items():
                row = kept.get(key)
                stale = row is None or now - row.last_at >= rule.quiet
                _set(connection, key, 1 if row is None or stale else row.failures + 1, now)
            return Attempt(tuple(rules), None)

        with database_faults():
            return await self._database.write(write)

    async def succeeded(self, attempt: Attempt, who: str, device: str | None, now: datetime) -> str:
        """Take the attempt back, with the same user's failures before it, and give the token by which this browser is known from now on.

        The address keeps its other failures: whoever has a user of their own must not wipe out what they did to others.
        """
        known = new_token()

        def write(connection: Connection) -> None:
            theirs = [key for key in attempt.keys if not key.startswith("address ")]
            connection.execute(delete(tables.attempts).where(tables.attempts.c.key.in_(theirs)))
            once_less = update(tables.attempts).where(tables.attempts.c.key.in_(attempt.keys), tables.attempts.c.failures > 0)
            connection.execute(once_less.values(failures=tables.attempts.c.failures - 1))
            gone = tables.device.c.until <= now
            if device is not None:
                gone |= (tables.device.c.token_hash == hash_of(device)) & (tables.device.c.who == who)
            connection.execute(delete(tables.device).where(gone))
            connection.execute(insert(tables.device).values(token_hash=hash_of(known), who=who, until=now + KNOWN_FOR))

        with database_faults():
            await self._database.write(write)
        return known

    async def forget(self, username: str) -> None:
        """Take back what was counted for a user over all addresses: for who runs the bus, when it was an attack."""
        with database_faults():
            await self._database.write(
                lambda connection: connection.execute(delete(tables.attempts).where(tables.attempts.c.key == _user_key(username))).rowcount
            )


def network(address: str) -> str:
    """Give what counts as one address: of IPv6 the /64 that a household or an office has."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped) if found.ipv4_mapped else str(IPv6Address(int(found) >> 64 << 64))
    return str(found)


def _rules(username: str, address: str, known_device: str | None) -> dict[str, Slowness]:
    if known_device is not None:
        return {f"device {known_device}": ONE_PLACE}
    user, place = bucket(username.strip().lower()), bucket(network(address))
    return {f"place {user} {place}": ONE_PLACE, f"address {place}": ONE_ADDRESS, _user_key(username): ALL_STRANGERS}


def _user_key(username: str) -> str:
    return f"user {bucket(username.strip().lower())}"


def _is_known(connection: Connection, username: str, device_hash: str | None, now: datetime) -> bool:
    if device_hash is None:
        return False
    who = f"local:{username.strip().lower()}"
    same = (tables.device.c.token_hash == device_hash) & (tables.device.c.who == who) & (tables.device.c.until > now)
    return connection.execute(select(tables.device.c.who).where(same)).first() is not None


def _set(connection: Connection, key: str, failures: int, now: datetime) -> None:
    row = tables.attempts.c.key == key
    if connection.execute(update(tables.attempts).where(row).values(failures=failures, last_at=now)).rowcount == 0:
        connection.execute(insert(tables.attempts).values(key=key, failures=failures, last_at=now))
