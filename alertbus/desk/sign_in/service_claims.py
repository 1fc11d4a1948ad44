"""What a sign-in service's claims say of somebody, by the settings' mapping. Pure. What is not said is not assumed: no entry without it."""

from collections.abc import Iterator, Mapping
from typing import Any

from alertbus.desk.sign_in.desk_person import DeskPerson, who_is_complete
from alertbus.desk.visitor import Role
from alertbus.model.errors import BusError, InvalidInput
from alertbus.sign_in_settings import OidcSettings


class NotLetIn(BusError):
    """The sign-in service knows the person, and the desk does not let them in. `why` holds no claim's value."""

    code = "not_let_in"


def person_of(claims: Mapping[str, Any], settings: OidcSettings, agencies: frozenset[str]) -> DeskPerson:
    """Give who it is. `agencies` are those of the policy. Raises `NotLetIn`."""
    agency = _one(claims, settings.agency_claim)
    agency = settings.agencies.get(agency or "") if settings.agencies else agency
    if agency is None or agency not in agencies:
        raise NotLetIn(f"the sign-in service does not say for which agency you work (claim {settings.agency_claim})")
    setting = _one(claims, settings.setting_claim)
    person = DeskPerson(
        who=f"oidc:{claims.get('sub')}",
        name=" ".join((_one(claims, "name") or "").split()),
        username=_one(claims, "preferred_username") or str(claims.get("sub")),
        agency=agency,
        setting=setting if setting is None or setting.startswith(f"{agency}.") else f"{agency}.{setting}",
        team=_one(claims, settings.team_claim),
        roles=frozenset(Role(settings.roles[said]) for said in _many(claims, settings.roles_claim) if said in settings.roles),
    )
    if not person.roles:
        raise NotLetIn(f"the sign-in service gives you no role at the desk (claim {settings.roles_claim})")
    try:
        who_is_complete(person)
    except InvalidInput as wrong:
        missing = ", ".join(fault.path for fault in wrong.faults)
        raise NotLetIn(f"the sign-in service does not say enough of you, or contradicts itself: {missing}") from None
    return person


def _found(claims: Mapping[str, Any], path: str) -> Any:
    """Give a claim by its name, else by the parts of its name, as in `realm_access.roles`."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _one(claims: Mapping[str, Any], path: str) -> str | None:
    """Give the one text of a claim. Of several none counts: nobody works for two agencies in one session."""
    found = _found(claims, path)
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    return found.strip() if isinstance(found, str) and found.strip() else None


def _many(claims: Mapping[str, Any], path: str) -> Iterator[str]:
    found = _found(claims, path)
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, str):
            yield one
