"""Every mutation tells everything that is wrong with its input by itself in one answer, each at its place.

Each is given inputs in which every field is malformed that the schema's own types let through: ids, amounts, texts and
numbers. Mutations that gather (`api/schema/mutation.py`) tell what their rules find by their operation; tests of
theirs beside them show that.
"""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    is_required_input_field,
)
from graphql.utilities import coerce_input_value

from api.reads import mutate
from api.reads.inputs import converter
from domain.errors import Invalid, overlap
from tests.promised import whole_contract

CONTRACT: Final = whole_contract()
FIELDS: Final = CONTRACT.graphql.mutation_type.fields if CONTRACT.graphql.mutation_type else {}
WALKED: Final = sorted(name for name, mutation in CONTRACT.mutations.items() if not mutation.gathers)

Path = tuple[str, ...]

SOUND: Final = {
    "DateTime": "2026-01-01T00:00:00Z",
    "Date": "2026-01-01",
    "CountryCode": "DE",
    "CurrencyCode": "USD",
    "Duration": "P1D",
    "RuleCode": "a.b",
    "Boolean": True,
}
"""Of types whose own spelling is checked before an input is read."""

LARGE: Final = {
    "ID": "nonsense",
    "String": "X" * 50_001,
    "Int": 2**31 - 1,
    "Decimal": "1000.123456789012345",
}
SMALL: Final = {"ID": "", "String": "   ", "Int": -1, "Decimal": "-1000"}

WHOLE: Final = {
    ("acceptInvitation", "secret"),
    ("chooseClaimProfile", "profile"),
    ("publishDocument", "text"),
    ("publishRule", "source"),
}
"""Texts that are all their mutation is told, and that are looked up or read as a whole by it."""

FINE: Final = {
    ("amendCarrierClaim", "weightGrams"): "a ship carries more than an Int holds",
    ("openCarrierClaim", "weightGrams"): "a ship carries more than an Int holds",
    ("saveFilter", "filter.amountMinorFrom"): "an amount of many minor units",
    ("saveFilter", "filter.amountMinorTo"): "an amount of many minor units",
    ("decideClaims", "previewToken"): "sealed: only the operation can open it",
    ("reviseQuote", "adjustment.amount"): "a quote may become cheaper",
}
"""What is large or small and yet not malformed, and why."""

BY_REPORT: Final = {"recordTrackingBatch"}
"""Answers for each item by itself: an odd one keeps no other from being taken."""


class Malformed:
    """An input of that mutation in which everything is malformed, and where."""

    def __init__(self, name: str, values: dict[str, Any]) -> None:
        self.name, self.values, self.places = name, values, set[Path]()
        self.input = self._of(FIELDS[name].args["input"].type, ())

    def _of(self, kind: Any, path: Path) -> Any:
        if isinstance(kind, GraphQLNonNull):
            return self._of(kind.of_type, path)
        if isinstance(kind, GraphQLList):
            return [self._of(kind.of_type, (*path, "0"))]
        if isinstance(kind, GraphQLEnumType):
            return next(iter(kind.values))
        if isinstance(kind, GraphQLInputObjectType):
            return dict(self._fields(kind, path))
        return self._scalar(kind.name, path)

    def _fields(self, kind: GraphQLInputObjectType, path: Path) -> Iterator[tuple[str, Any]]:
        for name, field in kind.fields.items():
            if not self._is_nothing(field):
                yield name, self._of(field.type, (*path, name))

    def _is_nothing(self, field: GraphQLInputField) -> bool:
        """A blank text where none is needed says nothing, which is not malformed."""
        kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
        blank = self.values is SMALL and getattr(kind, "name", "") == "String"
        return blank and not is_required_input_field(field)

    def _scalar(self, kind: str, path: Path) -> Any:
        if kind in SOUND or path == ("expectedVersion",):
            return SOUND.get(kind, 1)
        if path == ("idempotencyKey",) and self.values is SMALL:
            return "a key"
        if (self.name, ".".join(path)) not in WHOLE | FINE.keys():
            self.places.add(path)
        return self.values[kind]

    def untold(self) -> set[Path]:
        """The malformed places about which nothing was said."""
        field = FIELDS[self.name]
        read = converter(field, CONTRACT.strawberry.config)
        given = read({"input": coerce_input_value(self.input, field.args["input"].type)})["input"]
        try:
            mutate.read(CONTRACT.mutations[self.name], given)
        except Invalid as refusal:
            told = [problem.field for problem in refusal.problems]
            return {place for place in self.places if not any(overlap(place, path) for path in told)}
        return self.places


@pytest.mark.parametrize("values", [LARGE, SMALL], ids=["large", "small"])
@pytest.mark.parametrize("name", [name for name in WALKED if name not in BY_REPORT])
def test_everything_malformed_is_told_at_once(name: str, values: dict[str, Any]) -> None:
    assert Malformed(name, values).untold() == set()


def test_what_is_excepted_is_there() -> None:
    places = {
        (name, ".".join(path))
        for name in {name for name, _ in WHOLE | FINE.keys()}
        for path in _places(FIELDS[name].args["input"].type, ())
    }
    assert (WHOLE | FINE.keys()) - places == set()
    assert set(WALKED) >= BY_REPORT


def _places(kind: Any, path: Path) -> Iterator[Path]:
    while isinstance(kind, GraphQLNonNull | GraphQLList):
        kind = kind.of_type
    yield path
    if isinstance(kind, GraphQLInputObjectType):
        for name, field in kind.fields.items():
            yield from _places(field.type, (*path, name))
