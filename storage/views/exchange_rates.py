"""Exchange rates: what amounts were converted at is shown to every party."""

from typing import Final

from domain.access import ViewerKind
from storage.views.view import Filter, Listing, Point, Root, Sort, Value, View, columns

EXCHANGE_RATE: Final = View(
    type="ExchangeRate",
    table="exchange_rates",
    visible={kind: "true" for kind in ViewerKind if kind is not ViewerKind.PUBLIC},
    fields={
        **columns("id", "base", "quote", "day", "source", "recordedAt", "version"),
        "rate": Value("trim_scale({t}.rate)"),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.day", True),)),
        "OLDEST_FIRST": Sort((("{t}.day", False),)),
    },
    filters={
        "base": Filter("{t}.base = {v}::char(3)"),
        "quote": Filter("{t}.quote = {v}::char(3)"),
        "dayFrom": Filter("{t}.day >= {v}", "date"),
        "dayUntil": Filter("{t}.day <= {v}", "date"),
    },
)

VIEWS: Final = (EXCHANGE_RATE,)
ROOTS: Final[dict[str, Root]] = {
    "exchangeRate": Point("ExchangeRate"),
    "exchangeRates": Listing("ExchangeRate", "NEWEST_FIRST"),
}
