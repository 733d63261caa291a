"""Relations of accounts: staff see all, and why; a provider sees what itself declared, and only that it did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain import relations
from domain.access import Caller, ViewerKind
from domain.explain import Finding
from domain.ids import LiablePartyId, ProviderId, RelationId, SupplierId
from domain.relations import Relation, RelationKind, RelationState
from storage import relations as relation_rows
from storage.relations import RELATIONS
from storage.views.actions import actions
from storage.views.organisations import BY_ID
from storage.views.view import Computed, Filter, Listing, One, Point, Root, Row, Value, View, column, columns

DESK: Final = frozenset({ViewerKind.STAFF})


@dataclass(frozen=True, slots=True)
class RelatedAccount:
    """A related account as one of the two sees it: exactly one of `provider` and `supplier`, by id, like `relation`."""

    provider: ProviderId | None
    supplier: SupplierId | None
    relation: RelationId
    kinds: list[RelationKind]
    state: RelationState
    declared: bool
    because: list[Finding]


def seen(relation: Relation, of: LiablePartyId, viewer: Caller) -> RelatedAccount | None:
    """The relation from the side of `of`, as far as the viewer may know of it."""
    declared = of in relation.declared_by
    if viewer.viewer is ViewerKind.STAFF:
        shared, state, why = list(relations.kinds(relation)), relation.state, list(relations.because(relation))
    elif declared and viewer.party_id == of:
        word = [Finding("relation.declared", True, "relation_by_word", {"by": of})]
        shared, state, why = [], RelationState.DECLARED, word
    else:
        return None
    other = relation.other(of)
    return RelatedAccount(
        other if isinstance(other, ProviderId) else None,
        other if isinstance(other, SupplierId) else None,
        relation.id,
        shared,
        state,
        declared,
        why,
    )


async def related_accounts(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[RelatedAccount]]:
    """Each party's related accounts; of others than the viewer's own nothing, unless for staff."""
    ids = [_party(row["id"]) for row in rows]
    wanted = ids if viewer.viewer is ViewerKind.STAFF else [id_ for id_ in ids if id_ == viewer.party_id]
    found = await relation_rows.by_parties(connection, viewer.tenant_id, wanted) if wanted else []
    return [
        [
            account
            for relation in found
            if id_ in (relation.first_id, relation.second_id) and (account := seen(relation, id_, viewer)) is not None
        ]
        for id_ in ids
    ]


def _party(id_: str) -> LiablePartyId:
    return ProviderId(id_) if id_.startswith(f"{ProviderId.prefix}_") else SupplierId(id_)


async def kinds(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[RelationKind]]:
    """What the two of each relation have in common."""
    return [list(relations.kinds(RELATIONS.decode(row))) for row in rows]


async def because(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[Finding]]:
    """Why the two of each relation count as related."""
    return [list(relations.because(RELATIONS.decode(row))) for row in rows]


RELATION: Final = View(
    type="Relation",
    table="relations",
    visible={ViewerKind.STAFF: "true", ViewerKind.PROVIDER: "{party} = ANY ({t}.declared_by)"},
    fields={
        **columns("id"),
        "first": One("Provider", "{t}.first_provider_id"),
        "second": One("Provider", "{t}.second_provider_id"),
        "firstSupplier": One("Supplier", "{t}.first_supplier_id"),
        "secondSupplier": One("Supplier", "{t}.second_supplier_id"),
        "state": Value({**dict.fromkeys(ViewerKind, "'DECLARED'"), ViewerKind.STAFF: "{t}.state"}),
        "kinds": Computed(kinds, needs=RELATIONS.names, shown_to=DESK),
        "because": Computed(because, needs=RELATIONS.names, shown_to=DESK),
        "note": column("note", DESK),
        "reason": column("reason", DESK),
        "foundAt": column("found_at", DESK),
        "clearedAt": column("cleared_at", DESK),
        "version": column("version", DESK),
        **actions(RELATIONS, relations.moves),
    },
    sorts=BY_ID,
    filters={
        "states": Filter({ViewerKind.STAFF: "{t}.state = ANY({v})"}, "text[]"),
        "providerId": Filter("({t}.first_id = {v} OR {t}.second_id = {v})"),
        "supplierId": Filter("({t}.first_id = {v} OR {t}.second_id = {v})"),
    },
)

VIEWS: Final = (RELATION,)
ROOTS: Final[dict[str, Root]] = {
    "relation": Point("Relation"),
    "relations": Listing("Relation", "NEWEST_FIRST"),
}
FIELDS: Final = {"relatedAccounts": Computed(related_accounts)}
"""The fields of a provider and of a supplier that this noun brings."""
