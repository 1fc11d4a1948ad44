"""A desk with its real door, over a gateway's database, broker and clock: people sign in, and their sessions end."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx

from alertbus.desk.desk import Desk
from alertbus.desk.sign_in.desk_person import DeskPerson
from alertbus.desk.sign_in.door import Door
from alertbus.desk.sign_in.passwords import hashed
from alertbus.desk.web import create_desk_app
from tests.at_the_door import PASSWORD, person


class DeskBehindItsDoor:
    def __init__(self, desk: Desk, door: Door, app: Any) -> None:
        self.desk, self.door, self.app = desk, door, app

    async def add(self, username: str, name: str, **changed: Any) -> DeskPerson:
        one = person(username, name=name, **changed)
        await self.door.letting_in.users.add(one, hashed(PASSWORD), self.desk.now())
        return one

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app, raise_app_exceptions=False), base_url="http://desk", timeout=60)


@contextlib.asynccontextmanager
async def desk_behind_its_door(gateway: Any) -> AsyncIterator[DeskBehindItsDoor]:
    inside = gateway.inside
    desk = Desk(inside.settings, inside.engine, inside.intake, inside.policy, inside.now)
    door = Door(inside.engine, inside.settings, frozenset(inside.policy.agencies), inside.intake.audited, inside.now, desk.page)
    desk.door = door
    yield DeskBehindItsDoor(desk, door, create_desk_app(desk))
    desk.stopping.set()
