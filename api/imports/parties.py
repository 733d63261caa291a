"""The parties that a delivery history names: found by its numbers, or registered under them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from api.imports.books import Books
from api.imports.mapping import ColumnMapping
from api.operations import buyers, parties
from domain.deliveries import Delivery, Parties
from domain.ids import BuyerId, Id, ProviderId, SupplierId
from domain.parties import Registration
from domain.providers import ProviderKind, RegisterProvider
from domain.shipments import ShipmentMode
from storage import buyers as buyer_rows
from storage import providers as provider_rows
from storage import suppliers as supplier_rows
from storage.unit_of_work import Outcome, Work

BATCH: Final = 500
"""Parties registered in one transaction."""

I = TypeVar("I", bound=Id)  # noqa: E741 - an id's kind
W = TypeVar("W")


@dataclass(slots=True)
class Named:
    """The parties that a file names, and what its first row about each of them says."""

    buyers: dict[str, str] = field(default_factory=dict)
    """Number -> country."""
    suppliers: dict[str, None] = field(default_factory=dict)
    """Numbers, in the order they were met."""
    carriers: dict[str, ShipmentMode] = field(default_factory=dict)
    """Number -> how they carry."""

    def note(self, told: Delivery) -> None:
        """The row's parties are known by name."""
        self.buyers.setdefault(told.buyer, told.country)
        self.suppliers.setdefault(told.supplier)
        self.carriers.setdefault(told.carrier, told.mode)


async def register(books: Books, named: Named, mapping: ColumnMapping) -> Parties:
    """Every party that the file names is known to the marketplace; these are their ids."""
    names = mapping.names
    return Parties(
        buyers=await _all(
            books,
            BuyerId,
            {number: Registration(number, country, number) for number, country in named.buyers.items()},
            lambda work, numbers: buyer_rows.by_references(work.connection, work.tenant_id, numbers),
            buyers.register_buyer,
        ),
        suppliers=await _all(
            books,
            SupplierId,
            {number: Registration(number, names.supplier_country, number) for number in named.suppliers},
            lambda work, numbers: supplier_rows.by_references(work.connection, work.tenant_id, numbers),
            parties.register_supplier,
        ),
        providers=await _all(
            books,
            ProviderId,
            {
                number: RegisterProvider(
                    Registration(names.carrier.format(number), names.carrier_country, number),
                    mapping.carriers.get(mode, ProviderKind.OTHER),
                )
                for number, mode in named.carriers.items()
            },
            lambda work, numbers: provider_rows.by_references(work.connection, work.tenant_id, numbers),
            parties.register_provider,
        ),
    )


async def _all(
    books: Books,
    kind: type[I],
    wishes: Mapping[str, W],
    find: Callable[[Work, Sequence[str]], Awaitable[Mapping[str, I]]],
    register_: Callable[[Work, W], Awaitable[Outcome]],
) -> dict[str, I]:
    """Number -> id of every party wished for, registered where it was not known."""
    ids: dict[str, I] = {}
    numbers = list(wishes)
    for start in range(0, len(numbers), BATCH):
        ids |= await books.act(_registering(kind, wishes, numbers[start : start + BATCH], find, register_))
    return ids


def _registering(
    kind: type[I],
    wishes: Mapping[str, W],
    numbers: Sequence[str],
    find: Callable[[Work, Sequence[str]], Awaitable[Mapping[str, I]]],
    register_: Callable[[Work, W], Awaitable[Outcome]],
) -> Callable[[Work], Awaitable[dict[str, I]]]:
    async def act(work: Work) -> dict[str, I]:
        ids = dict(await find(work, numbers))
        for number in numbers:
            if number not in ids:
                outcome = await register_(work, wishes[number])
                (id,) = outcome.things.values()
                ids[number] = kind(str(id))
        return ids

    return act
