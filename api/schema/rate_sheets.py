"""Rate sheets in GraphQL: the versions of what a service costs, and the files they come from."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import strawberry

from api.operations import rate_imports, rate_sheets
from api.schema.arguments import Argument, field
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.providers import Provider
from api.schema.scalars import CurrencyCode, Money
from api.schema.services import Service
from domain import money
from domain.ids import RateImportId, RateSheetId, ServiceId, UploadId
from domain.modes import DangerousGoodsClass
from domain.places import Area
from domain.rate_imports import CancelRateImport, ImportRateSheet, RateImportAction, RateImportState
from domain.rate_sheets import DraftRateSheet, RateSheetAction, RateSheetCommand, RateSheetState, SheetWish
from domain.rates import Container, Measure, NewRate, NewSurcharge, SurchargeCharge, SurchargeKind, whole

described(RateSheetState)
described(RateSheetAction)
described(RateImportState)
described(RateImportAction)
described(Measure, name="RateMeasure")
described(Container, name="ContainerType")
described(SurchargeKind)
described(SurchargeCharge)

BRACKET = "in kilograms, cubic metres, containers or units, as `measure` says"
COLUMNS = (
    "CSV in UTF-8, one rate or surcharge a line, with a header. Of a rate: `zone`, `measure` (WEIGHT when empty), "
    "`container`, `from` (0 when empty) and `to` (no end when empty; what measures exactly that is in the next "
    "bracket), in kilograms, cubic metres, containers or units, `price` per kilogram, cubic metre, container or unit, "
    "`flat` (yes: the price is for the whole bracket), `minimum`. Of a surcharge: `surcharge` (FUEL, PEAK, "
    "REMOTE_AREA, DANGEROUS_GOODS, OVERSIZE; empty: the line is a rate), `charge`, `percent` of the freight or an "
    "amount as `price`, `minimum`, `zone`, `areas` and `classes` (several with `;` between them), `above_kg`, "
    "`above_cm`, `valid_from` and `valid_until` (days or instants). Other columns are passed over; at most 200,000 "
    "rates, 100 surcharges and 25 MB."
)


class RateOrder(StrEnum):
    """Orders of a list of rates."""

    BRACKET = "BRACKET"
    """By zone, measure and lower end."""
    LINE = "LINE"
    """As they stood in the file."""


described(RateOrder)


@strawberry.input(description="Which rates. What is left out does not matter; conditions add up.")
class RateFilter:
    """The fields are filters of `storage/views/rate_sheets.py`."""

    zone: str | None = strawberry.field(default=None, description="Of this zone.")
    measure: Measure | None = strawberry.field(default=None, description="Counted so.")
    container: Container | None = strawberry.field(default=None, description="For this type of container.")


@strawberry.input(description="Which rate sheets. What is left out does not matter; conditions add up.")
class RateSheetFilter:
    """The fields are filters of `storage/views/rate_sheets.py`."""

    service_id: strawberry.ID | None = strawberry.field(default=None, description="Of this service.")
    states: list[RateSheetState] | None = strawberry.field(default=None, description="In one of these states.")
    governs_at: datetime | None = strawberry.field(default=None, description="In force at this instant.")


@strawberry.input(description="Which imports. What is left out does not matter; conditions add up.")
class RateImportFilter:
    """The fields are filters of `storage/views/rate_sheets.py`."""

    service_id: strawberry.ID | None = strawberry.field(default=None, description="Into this service.")
    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Of this provider.")
    states: list[RateImportState] | None = strawberry.field(default=None, description="In one of these states.")


@strawberry.type(
    description="One price. Chargeable weight and volume, and how surcharges come on top, are told in the manual of "
    "prices; brackets are half-open: `atLeast` belongs to it, `below` to the next."
)
class Rate(Node):
    """`domain.rates.Rate`."""

    line: int = strawberry.field(description="Its line in the file, or its place in the list.")
    zone: str = strawberry.field(description="The zone; lanes name it.")
    measure: Measure = strawberry.field(description="What is counted.")
    container: Container | None = strawberry.field(description="The type, where containers are counted.")
    at_least: Decimal = strawberry.field(description=f"Where the bracket begins, {BRACKET}.")
    below: Decimal | None = strawberry.field(description=f"Where it ends, {BRACKET}; null: it does not.")
    flat: bool = strawberry.field(description="Whether the price is for the whole bracket, not per unit.")
    price: Decimal = strawberry.field(description="The price in the sheet's currency; may be finer than its cents.")
    minimum: Money | None = strawberry.field(description="What is charged at least.")


@strawberry.type(description="A surcharge: a line of its own on top of the freight.")
class Surcharge(Node):
    """`domain.rates.Surcharge`."""

    position: int = strawberry.field(description="Its place in the sheet.")
    line: int | None = strawberry.field(description="Its line in the file; null: it came with the call.")
    kind: SurchargeKind = strawberry.field(description="Why it is due.")
    charge: SurchargeCharge = strawberry.field(description="How it is worked out.")
    basis_points: int | None = strawberry.field(description="Its share of the freight, in hundredths of a percent.")
    amount: Decimal | None = strawberry.field(description="Its amount in the sheet's currency, per what it is due for.")
    minimum: Money | None = strawberry.field(description="What is charged at least.")
    valid_from: datetime | None = strawberry.field(description="From when it is due; null: as long as the sheet.")
    valid_until: datetime | None = strawberry.field(description="The first instant at which it is due no longer.")
    zones: list[str] = strawberry.field(description="The zones it is due in; empty: all.")
    areas: list[str] = strawberry.field(description="REMOTE_AREA: the keys of the areas it is due for.")
    dangerous_goods: list[DangerousGoodsClass] = strawberry.field(
        description="DANGEROUS_GOODS: the classes it is due for; empty: all."
    )
    above_weight_grams: int | None = strawberry.field(description="OVERSIZE: due for pieces heavier than that.")
    above_length_mm: int | None = strawberry.field(description="OVERSIZE: due for pieces longer than that.")


@strawberry.type(description="A bracket whose price differs between two versions.")
class RateChange:
    """`storage.views.rate_sheets.RateChange`."""

    zone: str = strawberry.field(description="The zone.")
    measure: Measure = strawberry.field(description="What is counted.")
    container: Container | None = strawberry.field(description="The type, where containers are counted.")
    at_least: Decimal = strawberry.field(description=f"Where the bracket begins, {BRACKET}.")
    below: Decimal | None = strawberry.field(description=f"Where it ends, {BRACKET}.")
    bracket: str = strawberry.field(description="The bracket in words: `45 to below 100 kg`.")
    before: Decimal | None = strawberry.field(description="The price in the older version; null where it has none.")
    after: Decimal | None = strawberry.field(description="The price in this version; null where it has none.")
    minimum_before: Decimal | None = strawberry.field(description="The minimum in the older version.")
    minimum_after: Decimal | None = strawberry.field(description="The minimum in this version.")
    flat_before: bool | None = strawberry.field(description="Whether the older version's price was for all of it.")
    flat_after: bool | None = strawberry.field(description="Whether this version's price is for all of it.")


@strawberry.type(description="A surcharge that differs between two versions: another amount or time, new, or gone.")
class SurchargeChange:
    """`storage.views.rate_sheets.SurchargeChange`."""

    before: Surcharge | None = strawberry.field(description="The older version's; null where it has none.")
    after: Surcharge | None = strawberry.field(description="This version's; null where it has none.")


@strawberry.type(description="An action on a rate sheet that is not possible now for the viewer, and why.")
class BlockedRateSheetAction:
    """`domain.moves.Move`."""

    action: RateSheetAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="An action on an import that is not possible now for the viewer, and why.")
class BlockedRateImportAction:
    """`domain.moves.Move`."""

    action: RateImportAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="A bad line of a file of rates, with everything that is wrong with it.")
class RateReject(Node):
    """`domain.rate_imports.RateReject`."""

    line: int = strawberry.field(description="Its line in the file; 1 is the header, 0 the file as a whole.")
    row: str = strawberry.field(description="The line as it stood in the file, its first 500 characters.")
    reasons: list[Finding] = strawberry.field(description="Everything that is wrong with it.")


@strawberry.type(description="A file of rates that is, or was, read into a draft of its own.")
class RateImport(Node):
    """`domain.rate_imports.RateImport`."""

    service: Service | None = strawberry.field(description="The service whose prices they are.")
    provider: Provider | None = strawberry.field(description="Whose service it is.")
    rate_sheet: "RateSheet | None" = strawberry.field(
        description="The draft that it fills; discarded where the file was rejected or only tried."
    )
    file_name: str = strawberry.field(description="What the file is called.")
    digest: str = strawberry.field(description="The SHA-256 of the file, in hexadecimal.")
    dry_run: bool = strawberry.field(description="Whether it was only tried.")
    state: RateImportState = strawberry.field(description="Where it stands.")
    size_bytes: int = strawberry.field(description="How long the file is.")
    read_bytes: int = strawberry.field(description="How much of it was read.")
    read_lines: int = strawberry.field(description="How many lines were read, the header among them.")
    accepted: int = strawberry.field(description="Lines that are rates or surcharges.")
    surcharges: int = strawberry.field(description="How many of those are surcharges.")
    rejected: int = strawberry.field(description="Lines that are neither, or do not fit the others.")
    rejects: Connection[RateReject] = connection("The bad lines with their reasons, the first 1,000 of them.")
    available_actions: list[RateImportAction] = strawberry.field(
        description="What the viewer may do now: each mutation will not be refused for state, time or role."
    )
    blocked_actions: list[BlockedRateImportAction] = strawberry.field(
        description="What the viewer may not do now, and why."
    )
    started_at: datetime = strawberry.field(description="When it was asked for.")
    ended_at: datetime | None = strawberry.field(description="When it was over.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="One version of a service's prices. An active one never changes but for its end.")
class RateSheet(Node):
    """`domain.rate_sheets.RateSheet`."""

    service: Service | None = strawberry.field(description="The service whose prices they are.")
    provider: Provider | None = strawberry.field(description="Whose service it is.")
    number: int = strawberry.field(description="Its number among the versions of the service, from 1.")
    title: str = strawberry.field(description="What people call it.")
    currency: CurrencyCode = strawberry.field(description="The currency of every price in it.")
    volumetric_divisor: int | None = strawberry.field(
        description="Cubic centimetres that count as a kilogram; null: the mode's own, by rule."
    )
    valid_from: datetime = strawberry.field(description="The first instant at which it governs what is quoted.")
    valid_until: datetime | None = strawberry.field(
        description="The first instant at which it no longer does; null: until it is superseded."
    )
    state: RateSheetState = strawberry.field(description="Where it stands.")
    supersedes: "RateSheet | None" = strawberry.field(description="The version whose time ends where this one begins.")
    rate_import: RateImport | None = strawberry.field(description="The file that filled it; null if drafted by call.")
    rate_count: int = strawberry.field(description="How many rates it has.")
    surcharge_count: int = strawberry.field(description="How many surcharges it has.")
    rates: Connection[Rate] = connection("Its rates.", filter=RateFilter, order=RateOrder)
    surcharges: Connection[Surcharge] = connection("Its surcharges, in their order.")
    changes_since: list[RateChange] = field(
        "What differs from another version of the service, by zone and bracket: at most 1,000 differences at once.",
        Argument("version", int, "The number of the older version."),
        Argument("skip", int | None, "How many differences to pass over first."),
    )
    surcharge_changes_since: list[SurchargeChange] = field(
        "Which surcharges differ from another version of the service, kind by kind.",
        Argument("version", int, "The number of the older version."),
    )
    digest: str | None = strawberry.field(description="The SHA-256 of the file it came from, in hexadecimal.")
    available_actions: list[RateSheetAction] = strawberry.field(
        description="What the viewer may do now: each mutation will not be refused for state, time or role."
    )
    blocked_actions: list[BlockedRateSheetAction] = strawberry.field(
        description="What the viewer may not do now, and why."
    )
    drafted_at: datetime = strawberry.field(description="When it was drafted.")
    activated_at: datetime | None = strawberry.field(description="When it was activated.")
    ended_at: datetime | None = strawberry.field(description="When it was discarded, or superseded before it began.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="A surcharge to be; amounts are in the sheet's currency.")
class SurchargeInput:
    """→ `domain.rates.NewSurcharge`."""

    kind: SurchargeKind = strawberry.field(description="Why it is due.")
    charge: SurchargeCharge = strawberry.field(description="How it is worked out.")
    basis_points: int | None = strawberry.field(default=None, description="SHARE: hundredths of a percent of freight.")
    amount: Decimal | None = strawberry.field(default=None, description="Every other charge: the amount.")
    minimum: Decimal | None = strawberry.field(default=None, description="What is charged at least.")
    valid_from: datetime | None = strawberry.field(default=None, description="From when it is due; PEAK needs it.")
    valid_until: datetime | None = strawberry.field(
        default=None, description="The first instant at which it is due no longer; PEAK needs it."
    )
    zones: list[str] = strawberry.field(default_factory=list, description="The zones it is due in; all when empty.")
    areas: list[str] = strawberry.field(
        default_factory=list, description="REMOTE_AREA: keys of areas, such as `US~995` or `NO-21`."
    )
    dangerous_goods: list[DangerousGoodsClass] = strawberry.field(
        default_factory=list, description="DANGEROUS_GOODS: the classes it is due for; all when empty."
    )
    above_weight_grams: int | None = strawberry.field(
        default=None, description="OVERSIZE: due for pieces heavier than that."
    )
    above_length_mm: int | None = strawberry.field(
        default=None, description="OVERSIZE: due for pieces longer than that."
    )

    def surcharge(self, read: Reader, currency: str, place: int) -> NewSurcharge:
        """The surcharge; what is wrong with it is collected by `read`."""
        where = ("sheet", "surcharges", str(place))
        keys = [
            read.take(lambda text=text: Area.parse(text).key, *where, "areas", str(at), otherwise="")  # type: ignore[misc]
            for at, text in enumerate(self.areas)
        ]
        return NewSurcharge(
            kind=self.kind,
            charge=self.charge,
            basis_points=self.basis_points,
            amount=self.amount,
            minimum=_money(read, self.minimum, currency, *where, "minimum"),
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            zones=frozenset(zone.strip() for zone in self.zones),
            area_keys=frozenset(keys),
            dangerous_goods=frozenset(self.dangerous_goods),
            weight_grams_above=self.above_weight_grams,
            length_mm_above=self.above_length_mm,
        )


@strawberry.input(description="A rate to be; amounts are in the sheet's currency.")
class RateInput:
    """→ `domain.rates.NewRate`."""

    zone: str = strawberry.field(description="The zone; lanes name it.")
    measure: Measure = strawberry.field(default=Measure.WEIGHT, description="What is counted.")
    container: Container | None = strawberry.field(default=None, description="The type, where containers are counted.")
    at_least: Decimal | None = strawberry.field(
        default=None, description=f"Where the bracket begins, {BRACKET}; 0 if left out."
    )
    below: Decimal | None = strawberry.field(default=None, description=f"Where it ends, {BRACKET}; open if left out.")
    flat: bool = strawberry.field(default=False, description="Whether the price is for the whole bracket.")
    price: Decimal = strawberry.field(description="Per kilogram, cubic metre, container or unit; at most six decimals.")
    minimum: Decimal | None = strawberry.field(default=None, description="What is charged at least.")

    def rate(self, read: Reader, currency: str, place: int) -> NewRate:
        """The rate; what is wrong with it is collected by `read`."""
        where = ("rates", str(place))
        at_least, below = self.at_least or Decimal(0), self.below
        return NewRate(
            zone=self.zone.strip(),
            measure=self.measure,
            container=self.container,
            at_least=read.take(lambda: whole(self.measure, at_least), *where, "atLeast", otherwise=0),
            below=None
            if below is None
            else read.take(lambda: whole(self.measure, below), *where, "below", otherwise=1),
            flat=self.flat,
            price=self.price,
            minimum=_money(read, self.minimum, currency, *where, "minimum"),
        )


@strawberry.input(description="What a new version of prices is to be, apart from its rates.")
class RateSheetInput:
    """→ `domain.rate_sheets.SheetWish`."""

    title: str = strawberry.field(description="What people call it, at most 120 characters.")
    currency: CurrencyCode = strawberry.field(description="The currency of every price in it.")
    valid_from: datetime = strawberry.field(
        description="The first instant at which it governs; activated later, it governs from then on."
    )
    valid_until: datetime | None = strawberry.field(
        default=None, description="The first instant at which it no longer does; until it is superseded if left out."
    )
    volumetric_divisor: int | None = strawberry.field(
        default=None, description="Cubic centimetres that count as a kilogram; the mode's own, by rule, if left out."
    )
    supersedes_id: strawberry.ID | None = strawberry.field(
        default=None, description="The active version whose time shall end where this one begins."
    )
    surcharges: list[SurchargeInput] = strawberry.field(default_factory=list, description="At most 100 surcharges.")

    def wish(self, read: Reader, service_id: str) -> SheetWish:
        """The sheet; what is wrong with it is collected by `read`."""
        return SheetWish(
            service_id=read.id(ServiceId, service_id, "serviceId"),
            title=self.title,
            currency=self.currency,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            volumetric_divisor=self.volumetric_divisor,
            supersedes_id=read.optional_id(RateSheetId, self.supersedes_id, "sheet", "supersedesId"),
            surcharges=tuple(
                surcharge.surcharge(read, self.currency, place) for place, surcharge in enumerate(self.surcharges)
            ),
        )


@strawberry.input(description="A new version of a service's prices.")
class DraftRateSheetInput:
    """→ `domain.rate_sheets.DraftRateSheet`."""

    service_id: strawberry.ID = strawberry.field(description="The service.")
    sheet: RateSheetInput = strawberry.field(description="What it is to be.")
    rates: list[RateInput] = strawberry.field(description="Its rates, at most 500; larger sheets come as files.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> DraftRateSheet:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        wish = self.sheet.wish(read, self.service_id)
        command = DraftRateSheet(
            wish, tuple(rate.rate(read, wish.currency, place) for place, rate in enumerate(self.rates))
        )
        read.done(command)
        return command


@strawberry.input(description="A new version of a service's prices, from an upload.")
class ImportRateSheetInput:
    """→ `domain.rate_imports.ImportRateSheet`."""

    service_id: strawberry.ID = strawberry.field(description="The service.")
    sheet: RateSheetInput = strawberry.field(description="What it is to be.")
    upload_id: strawberry.ID = strawberry.field(description=f"An accepted upload of kind RATE_SHEET. {COLUMNS}")
    dry_run: bool = strawberry.field(
        default=False, description="Only look whether the file is good; the draft is discarded in the end."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ImportRateSheet:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        wish = self.sheet.wish(read, self.service_id)
        command = ImportRateSheet(wish, read.id(UploadId, self.upload_id, "uploadId"), self.dry_run)
        read.done(command)
        return command


@strawberry.input(description="A draft to be activated or discarded.")
class RateSheetActionInput:
    """→ `domain.rate_sheets.RateSheetCommand`."""

    rate_sheet_id: strawberry.ID = strawberry.field(description="The rate sheet.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RateSheetCommand:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RateSheetCommand(read.id(RateSheetId, self.rate_sheet_id, "rateSheetId"))
        read.done()
        return command


@strawberry.input(description="A file that shall be read no further.")
class CancelRateImportInput:
    """→ `domain.rate_imports.CancelRateImport`."""

    rate_import_id: strawberry.ID = strawberry.field(description="The import.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> CancelRateImport:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = CancelRateImport(read.id(RateImportId, self.rate_import_id, "rateImportId"))
        read.done()
        return command


def _money(read: Reader, amount: Decimal | None, currency: str, *where: str) -> money.Money | None:
    if amount is None:
        return None
    return read.take(lambda: money.Money.parse(amount, currency), *where, otherwise=money.Money.zero(currency))


@strawberry.type(description="The rate sheet after the change, or why nothing changed.")
class RateSheetPayload:
    """What the mutations on a rate sheet answer."""

    rate_sheet: RateSheet | None = strawberry.field(description="The rate sheet; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The import and its draft, or why nothing changed.")
class RateImportPayload:
    """What the mutations on an import answer."""

    rate_import: RateImport | None = strawberry.field(description="The import; null when nothing changed.")
    rate_sheet: RateSheet | None = strawberry.field(description="Its draft; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class RateSheetQueries:
    """Reading prices."""

    rate_sheet: RateSheet | None = point(
        "The rate sheet of that id; null when there is none for the viewer.", of="rate sheet"
    )
    rate_sheets: Connection[RateSheet] = listing(
        "The rate sheets the viewer may see: a provider its own, staff all.", filter=RateSheetFilter, order=ByAge
    )
    rate_import: RateImport | None = point(
        "The import of that id; null when there is none for the viewer.", of="import"
    )
    rate_imports: Connection[RateImport] = listing(
        "The imports the viewer may see: a provider its own, staff all.", filter=RateImportFilter, order=ByAge
    )


@strawberry.type
class RateSheetMutations:
    """What can be done with prices."""

    draft_rate_sheet: RateSheetPayload = mutation(
        rate_sheets.draft_rate_sheet,
        DraftRateSheetInput,
        keyed=False,
        gathers=True,
        description="A new version of a service's prices is drafted with up to 500 rates. Refused, with every reason "
        "and its line: rates that do not fit the mode, brackets with gaps or overlaps, odd surcharges.",
    )
    activate_rate_sheet: RateSheetPayload = mutation(
        rate_sheets.activate_rate_sheet,
        RateSheetActionInput,
        keyed=False,
        description="A draft governs what is quoted from its beginning, or from now on; the version it supersedes "
        "ends there. Refused, with every reason, where another version governs at that time.",
    )
    discard_rate_sheet: RateSheetPayload = mutation(
        rate_sheets.discard_rate_sheet,
        RateSheetActionInput,
        keyed=False,
        description="A draft is never used; a file that still fills it is read no further.",
    )
    import_rate_sheet: RateImportPayload = mutation(
        rate_imports.import_rate_sheet,
        ImportRateSheetInput,
        keyed=False,
        gathers=True,
        description="A new version of a service's prices is read from an upload, in pieces, into a draft of its own: "
        "see its progress and rejects. One bad line rejects the file: it is told with its number and all its reasons, "
        "and nothing is kept.",
    )
    cancel_rate_import: RateImportPayload = mutation(
        rate_imports.cancel_rate_import,
        CancelRateImportInput,
        keyed=False,
        description="A file is read no further, and its draft is discarded.",
    )
