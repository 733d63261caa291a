"""The demo's providers that came in by themselves: what they proved, what they sell, and where they serve.

An ocean consolidator of the United States that is live, with sea and air services on sale and a bond that ends; a
network of engineers with service points; and an applicant that still has papers to bring. All of it goes through the
operations, and each proof has a file that can be opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Protocol

from api.operations import lanes, onboarding, proofs, quotes, rate_sheets, service_points, services, uploads
from domain.access import Caller, Role, ViewerKind
from domain.file_types import FileType
from domain.ids import (
    BuyerId,
    Id,
    OrganisationId,
    PartyId,
    ProviderId,
    RateSheetId,
    RequirementItemId,
    ServiceId,
    ServicePointId,
    TenantId,
    UploadId,
)
from domain.lanes import AddLanes, NewLane, Timing
from domain.modes import Incoterm, ServiceMode
from domain.money import Money
from domain.offers import RequestQuote
from domain.onboarding import AmendApplication, ApplicationStep, InviteProvider, ItemVerdict, SubmitRequirement
from domain.parties import Registration
from domain.places import Area, Coordinates, Spot
from domain.premises import Contact, Details
from domain.pricing import Piece
from domain.proofs import Proof, fitting
from domain.providers import Offer, ProviderKind, ProviderState
from domain.rate_sheets import DraftRateSheet, RateSheetCommand, SheetWish
from domain.rates import Container, Measure, NewRate, NewSurcharge, SurchargeCharge, SurchargeKind
from domain.requirements import RequirementKind, Standing
from domain.service_points import AddServicePoint, RecordReachability, VerifyServicePoint
from domain.services import CreateService, Limits, ServiceCommand, ServiceLevel
from domain.uploads import ConfirmUpload, CreateUpload, ReceiveUpload, UploadKind
from storage import onboarding as case_rows
from storage import providers as provider_rows
from storage import uploads as upload_rows
from storage.files import Files
from storage.pool import Pool
from storage.unit_of_work import Outcome

PAGE: Final = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
"""A page of paper, empty: what every document of the demo shows."""

BOND_DAYS: Final = 45
"""Until the consolidator's bond ends: it is being warned already, and a moved clock shows what goes off."""

Operation = Callable[[Any, Any], Awaitable[Outcome]]


class Acting(Protocol):
    """Whoever sets the demo up (`demo.Desk`)."""

    pool: Pool
    tenant_id: TenantId
    now: datetime
    values: dict[str, str]

    def staff(self) -> Caller:
        """Staff with every role."""

    def party(self, role: Role, viewer: ViewerKind, id: PartyId) -> Caller:
        """That party."""

    async def act(self, operation: Operation, wish: Any, caller: Caller | None = None) -> Outcome:
        """The operation has happened."""

    async def organisation_of(self, table: str, id: PartyId) -> OrganisationId:
        """The organisation behind a party."""

    async def key(self, name: str, organisation_id: OrganisationId, *roles: Role) -> None:
        """The organisation has a key, remembered under that name."""

    def day(self, days: int) -> datetime:
        """That many days from now."""


async def come_in(desk: Acting, files: Files, buyer: BuyerId) -> None:
    """The three providers are there, and the buyer has asked what it costs to ship with the first."""
    ocean = await _consolidator(desk, files)
    network = await _network(desk, files)
    applicant = await _applicant(desk, files)
    for token, name, id in (
        ("provider2", "consolidator", ocean),
        ("provider3", "network", network),
        ("provider4", "applicant", applicant),
    ):
        await desk.key(token, await desk.organisation_of("providers", id), Role.PROVIDER)
        desk.values[name] = id
    pieces = (Piece(12, 450_000, 1_200, 1_000, 1_400, Money(2_000_00, "USD")),)
    wish = RequestQuote(
        None, pieces, Spot("CN", unlocode="CNSHA"), Spot("US", unlocode="USLAX"), desk.day(2), None, frozenset(),
        frozenset(), "USD", include_left_out=True,
    )  # fmt: skip
    asked = await desk.act(quotes.request_quote, wish, desk.party(Role.BUYER, ViewerKind.BUYER, buyer))
    desk.values["quoteRequest"] = str(asked.things["quoteRequest"])


# -- who they are ------------------------------------------------------------------------------------------------------


async def _consolidator(desk: Acting, files: Files) -> ProviderId:
    """Live, with two sea lanes of the United States that rest on a bond, and two lanes that do not."""
    sea, air = ServiceMode.SEA_FCL, ServiceMode.AIR
    offer = Offer(ProviderKind.NVOCC, frozenset({"US", "CN", "DE"}), frozenset({sea, air}), monthly_volume=60)
    id = await _invited(desk, Registration("Pacific Consolidators", "US", "P-10"), offer)
    numbers = {
        "us_ein": Proof(value="91-1144442"),
        "us_ocean_licence": Proof(value="018877N"),
        "us_ocean_bond_nvocc": Proof(amount=Money(75_000_00, "USD"), valid_until=desk.day(BOND_DAYS)),
        "us_qualifying_individual": Proof(quantity=7),
        "bank_account": Proof(value="0123 4567 8901"),
        "legal_representative": Proof(value="X1 234 567"),
    }
    await _admitted(desk, files, id, numbers)
    containers = [_rate("1850.00", Measure.CONTAINERS, Container.DRY_20)]
    ways = [("CNSHA", "USLAX"), ("USLAX", "CNSHA"), ("CNSHA", "DEHAM")]
    await _sold(desk, id, sea, "Full containers from port to port", ways, containers, 24, 28)
    weights = [_rate("4.80", below=300_000), _rate("4.20", at_least=300_000)]
    await _sold(desk, id, air, "Air freight to the West Coast", [("CNSHA", "USLAX")], weights, 3, 5)
    return id


async def _network(desk: Acting, files: Files) -> ProviderId:
    """Live, with engineers at two service points."""
    repair = ServiceMode.REPAIR
    offer = Offer(ProviderKind.SERVICE_NETWORK, frozenset({"US"}), frozenset({repair}), monthly_volume=25)
    id = await _invited(desk, Registration("Great Lakes Machine Service", "US", "P-11"), offer)
    numbers = {
        "us_ein": Proof(value="13-5562308"),
        "bank_account": Proof(value="9876 5432 1098"),
        "legal_representative": Proof(value="Z9 876 543"),
        "engineers": Proof(quantity=10),
        "service_points": Proof(quantity=2),
        "service_liability": Proof(amount=Money(1_500_000_00, "USD")),
        "service_point_inspection": Proof(note="Both workshops seen, tools and parts in place."),
    }
    await _pointed(desk, id)
    await _admitted(desk, files, id, numbers)
    return id


async def _applicant(desk: Acting, files: Files) -> ProviderId:
    """Invited and begun: most of what it has to bring is missing."""
    services = frozenset({ServiceMode.EXPRESS})
    offer = Offer(ProviderKind.EXPRESS_COURIER, frozenset({"DE", "FR"}), services, monthly_volume=900)
    id = await _invited(desk, Registration("Kurier Express Nord", "DE", "P-12"), offer)
    papers = {"business_licence": Proof(), "address_proof": Proof()}
    for standing in await _standings(desk, id):
        if standing.requirement.key in papers:
            await _handed_in(desk, files, id, standing, papers)
    return id


async def _invited(desk: Acting, registration: Registration, offer: Offer) -> ProviderId:
    """The desk invited it, and it said what it offers."""
    email = f"office@{registration.reference}.example".lower()
    invited = await desk.act(onboarding.invite_provider, InviteProvider(registration, Offer(offer.kind), email))
    id = ProviderId(str(invited.things["provider"]))
    await desk.act(onboarding.amend_application, AmendApplication(id, offer))
    return id


# -- what they prove ---------------------------------------------------------------------------------------------------


async def _admitted(desk: Acting, files: Files, id: ProviderId, numbers: Mapping[str, Proof]) -> None:
    """Everything asked for was handed in and accepted, by two people where the rule asks for two; it works."""
    for standing in await _standings(desk, id):
        if standing.item is None and not standing.requirement.derived and not standing.requirement.deposit:
            await _handed_in(desk, files, id, standing, numbers)
    await desk.act(onboarding.submit_application, ApplicationStep(id))
    second = _somebody(desk.staff(), "second")
    for standing in await _standings(desk, id):
        if standing.item is not None:
            verdict = ItemVerdict(RequirementItemId(standing.item.id))
            await desk.act(proofs.accept_requirement, verdict)
            if standing.requirement.four_eyes:
                await desk.act(proofs.accept_requirement, verdict, second)
    await desk.act(onboarding.approve_application, ApplicationStep(id))
    async with desk.pool.acquire(desk.tenant_id) as connection:
        state = (await provider_rows.get(connection, desk.tenant_id, id)).state
    if state is ProviderState.IN_REVIEW:  # endorsed; somebody else approves
        await desk.act(onboarding.approve_application, ApplicationStep(id), second)


def _somebody(caller: Caller, who: str) -> Caller:
    """The same rights in other hands."""
    return replace(caller, actor_id=Id(f"system:demo_{who}"))


async def _standings(desk: Acting, id: ProviderId) -> tuple[Standing, ...]:
    async with desk.pool.acquire(desk.tenant_id) as connection:
        provider = await provider_rows.get(connection, desk.tenant_id, id)
        return (await case_rows.case(connection, desk.tenant_id, provider, desk.now)).standings


async def _handed_in(
    desk: Acting, files: Files, id: ProviderId, standing: Standing, numbers: Mapping[str, Proof]
) -> None:
    requirement = standing.requirement
    proof = numbers.get(requirement.key, Proof())
    if requirement.scan or requirement.kind is RequirementKind.DOCUMENT:
        proof = replace(proof, upload_id=await _uploaded(desk, files, id, min(fitting(requirement))))
    if requirement.kind is RequirementKind.DECLARATION:
        proof = replace(proof, declared=True)
    if requirement.dated and proof.valid_until is None:
        proof = replace(proof, valid_until=desk.day(700))
    personal = proof.value if requirement.personal else None
    if requirement.personal:
        proof = replace(proof, value=None)
    inspected = requirement.kind is RequirementKind.INSPECTION
    party = desk.staff() if inspected else desk.party(Role.PROVIDER, ViewerKind.PROVIDER, id)
    somebody = _somebody(party, "inspector" if inspected else "applicant")  # nobody accepts its own proofs
    await desk.act(proofs.submit_requirement, SubmitRequirement(id, requirement.key, proof, personal), somebody)


async def _uploaded(desk: Acting, files: Files, id: ProviderId, kind: UploadKind) -> UploadId:
    """A page of paper of the provider's, brought and accepted."""
    organisation = await desk.organisation_of("providers", id)
    digest = hashlib.sha256(PAGE).hexdigest()
    wish = CreateUpload(kind, "paper.pdf", len(PAGE), FileType.PDF, digest, organisation)
    upload_id = UploadId(str((await desk.act(uploads.create_upload, wish)).things["upload"]))
    async with desk.pool.acquire(desk.tenant_id) as connection:
        upload = await upload_rows.get(connection, desk.tenant_id, upload_id)
    await files.put(desk.tenant_id, upload, _chunks())
    await desk.act(uploads.receive_upload, ReceiveUpload(upload_id, FileType.PDF))
    await desk.act(uploads.confirm_upload, ConfirmUpload(upload_id))
    return upload_id


async def _chunks() -> AsyncIterator[bytes]:
    yield PAGE


# -- what they sell, and where they serve ------------------------------------------------------------------------------


def _rate(
    price: str, measure: Measure = Measure.WEIGHT, container: Container | None = None, *, at_least: int = 0,
    below: int | None = None,
) -> NewRate:  # fmt: skip
    return NewRate("A", measure, container, at_least, below, flat=False, price=Decimal(price), minimum=None)


async def _sold(
    desk: Acting,
    id: ProviderId,
    mode: ServiceMode,
    title: str,
    ways: list[tuple[str, str]],
    rates: list[NewRate],
    fastest: int,
    slowest: int,
) -> ServiceId:
    """A service is on sale on those ways, at those prices with a fuel surcharge, for a year."""
    wish = CreateService(
        id, mode, ServiceLevel.STANDARD, title, "Weekly departures.", frozenset({Incoterm.FCA, Incoterm.DAP}),
        frozenset(), Limits(), frozenset({"US", "CN", "DE"}),
    )  # fmt: skip
    own = desk.party(Role.PROVIDER, ViewerKind.PROVIDER, id)
    service_id = ServiceId(str((await desk.act(services.create_service, wish, own)).things["service"]))
    timing = Timing(fastest, slowest, 1, "17:00", "Asia/Shanghai")
    new = tuple(NewLane(Area.parse(origin), Area.parse(to), timing, "A") for origin, to in ways)
    await desk.act(lanes.add_lanes, AddLanes(service_id, new), own)
    fuel = NewSurcharge(SurchargeKind.FUEL, SurchargeCharge.SHARE, basis_points=850)
    sheet = SheetWish(service_id, f"{title}, this year", "USD", desk.now, desk.day(365), surcharges=(fuel,))
    drafted = await desk.act(rate_sheets.draft_rate_sheet, DraftRateSheet(sheet, tuple(rates)), own)
    activated = RateSheetCommand(RateSheetId(str(drafted.things["rateSheet"])))
    await desk.act(rate_sheets.activate_rate_sheet, activated, own)
    await desk.act(services.list_service, ServiceCommand(service_id), own)
    return service_id


async def _pointed(desk: Acting, id: ProviderId) -> None:
    """Two service points were added, verified and reached."""
    for name, region, street, latitude, longitude, engineers in (
        ("Chicago workshop", "US-IL", "4100 West Side Avenue", 41_850_000, -87_650_000, 6),
        ("Detroit workshop", "US-MI", "900 Foundry Road", 42_331_000, -83_046_000, 4),
    ):
        details = Details(
            name=name,
            country="US",
            locality=name.partition(" ")[0],
            street=street,
            coordinates=Coordinates(latitude, longitude),
            services=(ServiceMode.REPAIR,),
            engineers=engineers,
            areas=(region,),
            zone="America/Chicago",
            opening=tuple(f"{day} 08:00-17:00" for day in ("MON", "TUE", "WED", "THU", "FRI")),
            radius_metres=250_000,
        )
        added = await desk.act(
            service_points.add_service_point,
            AddServicePoint(id, details, Contact(f"Desk of the {name}", None, "service@p-11.example")),
        )
        point_id = ServicePointId(str(added.things["servicePoint"]))
        await desk.act(service_points.verify_service_point, VerifyServicePoint(point_id))
        await desk.act(service_points.record_reachability, RecordReachability(point_id, None))
