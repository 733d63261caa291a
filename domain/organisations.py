"""Organisations: the companies and teams for whom people and machines act.

Laws: an organisation is of one kind for ever, and its kind says which roles its members and keys may have; so no one
can be buyer and supplier at once. It always keeps at least one steward, the role that looks after its people and keys:
the admin in the operator's own organisation, the party's own role elsewhere.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.access import OPERATOR, Caller, Role
from domain.change import Change, Happening
from domain.errors import Invalid, NotFound, Problem
from domain.ids import OrganisationId

NAME_LENGTH_MAX: Final = 200


class OrganisationKind(StrEnum):
    """Which side an organisation is on. Its rows spell it in lower case."""

    OPERATOR = "operator"
    """The marketplace itself."""
    BUYER = "buyer"
    """A company that buys."""
    SUPPLIER = "supplier"
    """A merchant."""
    PROVIDER = "provider"
    """A carrier, forwarder or service firm."""
    SERVICE = "service"
    """Somebody whose software serves the marketplace: a shop system, a warehouse."""


ROLES: Final[Mapping[OrganisationKind, frozenset[Role]]] = {
    OrganisationKind.OPERATOR: OPERATOR,
    OrganisationKind.BUYER: frozenset({Role.BUYER}),
    OrganisationKind.SUPPLIER: frozenset({Role.SUPPLIER}),
    OrganisationKind.PROVIDER: frozenset({Role.PROVIDER}),
    OrganisationKind.SERVICE: frozenset({Role.SERVICE}),
}
"""Kind -> the roles its members and keys may have."""

STEWARDS: Final[Mapping[OrganisationKind, Role]] = {
    OrganisationKind.OPERATOR: Role.ADMIN,
    OrganisationKind.BUYER: Role.BUYER,
    OrganisationKind.SUPPLIER: Role.SUPPLIER,
    OrganisationKind.PROVIDER: Role.PROVIDER,
    OrganisationKind.SERVICE: Role.SERVICE,
}
"""Kind -> the role of which one member must always be left."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """One company or team in one tenant."""

    id: OrganisationId
    kind: OrganisationKind
    name: str
    created_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class CreateOrganisation:
    """The wish for a new organisation of a kind, under a name."""

    kind: OrganisationKind
    name: str


def create_organisation(command: CreateOrganisation, *, id: OrganisationId, at: datetime) -> Change[Organisation]:
    """The organisation exists, without members or keys. Refuses an empty or overlong name."""
    problems = name_problems(command.name, "name")
    if problems:
        raise Invalid(*problems)
    organisation = Organisation(id, command.kind, command.name.strip(), at, version=1)
    return Change(None, organisation, (Happening("organisation.created", {"kind": command.kind.name}),))


def name_problems(name: str, *field: str) -> tuple[Problem, ...]:
    """What is wrong with that name of a company, a key or a guarantee: nothing, or one problem under `field`."""
    if not name.strip():
        return (Problem(field, "must not be empty"),)
    if len(name) > NAME_LENGTH_MAX:
        return (Problem(field, f"must have at most {NAME_LENGTH_MAX} characters"),)
    if not name.isprintable():
        return (Problem(field, "must be one line of printable characters"),)
    return ()


def role_problems(kind: OrganisationKind, roles: Collection[Role], *field: str) -> tuple[Problem, ...]:
    """What is wrong with giving those roles in an organisation of that kind: every role that does not fit it."""
    if not roles:
        return (Problem(field, "must name at least one role"),)
    return tuple(
        Problem(field, f"{role} is no role of a {kind.value} organisation")
        for role in sorted(roles)
        if role not in ROLES[kind]
    )


def require_own(caller: Caller, organisation_id: OrganisationId) -> None:
    """Returns if the caller looks after that organisation: its own, or any for the operator's people.

    Raises:
        NotFound: it is somebody else's; the same answer as for one that does not exist.
    """
    if caller.organisation_id != organisation_id and not caller.is_operator:
        raise NotFound("There is no such organisation.", id=organisation_id)
