"""The whole contract, merged from an explicit table: one line per noun.

A noun's module brings its queries, mutations and subscriptions (where it has them); its view module says where its
types are read from. Adding a noun is adding its line to `NOUNS`.
"""

from __future__ import annotations

from types import ModuleType
from typing import Final, NamedTuple

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types
from strawberry.types import get_object_definition

from api.schema import (
    appeals,
    as_of,
    bookings,
    buyers,
    capabilities,
    carrier_claims,
    certificates,
    chargebacks,
    claim_options,
    claims,
    clocks,
    coupons,
    coverage,
    decisions,
    deposits,
    desk,
    documents,
    enrolments,
    evidence,
    exchange_rates,
    exposure,
    holds,
    insurance,
    invoices,
    keys,
    lanes,
    ledger,
    legs,
    listings,
    membership_choices,
    memberships,
    messages,
    mutation,
    negotiation,
    node,
    onboarding,
    orders,
    organisations,
    party_statements,
    payouts,
    places,
    points,
    providers,
    quotes,
    rate_sheets,
    recoveries,
    reimbursements,
    relations,
    remedies,
    requirements,
    returns,
    rules,
    scorecards,
    service_points,
    service_requests,
    services,
    shipments,
    stream,
    subscriptions,
    suppliers,
    tiers,
    tracking,
    uploads,
    viewer,
)
from api.schema.mutation import Mutation
from api.schema.scalars import SCALARS
from storage.views import appeals as appeal_views
from storage.views import as_of as as_of_views
from storage.views import bookings as booking_views
from storage.views import capabilities as capability_views
from storage.views import carrier_claims as carrier_claim_views
from storage.views import certificates as certificate_views
from storage.views import chargebacks as chargeback_views
from storage.views import claim_options as claim_option_views
from storage.views import claims as claim_views
from storage.views import clocks as clock_views
from storage.views import coupons as coupon_views
from storage.views import coverage as coverage_views
from storage.views import decisions as decision_views
from storage.views import deposits as deposit_views
from storage.views import desk as desk_views
from storage.views import documents as document_views
from storage.views import enrolments as guarantee_views
from storage.views import evidence as evidence_views
from storage.views import exchange_rates as exchange_rate_views
from storage.views import exposure as exposure_views
from storage.views import holds as hold_views
from storage.views import insurance as insurance_views
from storage.views import ledger as ledger_views
from storage.views import legs as leg_views
from storage.views import listings as listing_views
from storage.views import membership_choices as membership_choice_views
from storage.views import memberships as membership_views
from storage.views import messages as message_views
from storage.views import negotiation as negotiation_views
from storage.views import onboarding as onboarding_views
from storage.views import orders as order_views
from storage.views import organisations as organisation_views
from storage.views import parties as party_views
from storage.views import party_statements as party_statement_views
from storage.views import places as place_views
from storage.views import points as points_views
from storage.views import quotes as quote_views
from storage.views import rate_sheets as rate_sheet_views
from storage.views import recoveries as recovery_views
from storage.views import reimbursements as reimbursement_views
from storage.views import relations as relation_views
from storage.views import remedies as remedy_views
from storage.views import returns as return_views
from storage.views import rules as rule_views
from storage.views import scorecards as scorecard_views
from storage.views import service_points as service_point_views
from storage.views import service_requests as service_request_views
from storage.views import services as service_views
from storage.views import shipments as shipment_views
from storage.views import tiers as tier_views
from storage.views import uploads as upload_views
from storage.views import viewer as viewer_views
from storage.views.view import Root, View


class Noun(NamedTuple):
    """What one noun adds to the contract. `views` exports `VIEWS` and `ROOTS`."""

    views: ModuleType | None
    queries: type | None = None
    mutations: type | None = None
    subscriptions: type | None = None
    types: tuple[type, ...] = ()
    """Object types reachable through `node` alone."""


NOUNS: Final[tuple[Noun, ...]] = (
    Noun(None, node.NodeQueries),
    Noun(viewer_views, viewer.ViewerQueries),
    Noun(organisation_views, organisations.OrganisationQueries, organisations.OrganisationMutations),
    Noun(None, keys.ApiKeyQueries, keys.ApiKeyMutations),
    Noun(party_views, buyers.BuyerQueries, buyers.BuyerMutations),
    Noun(None, suppliers.SupplierQueries, suppliers.SupplierMutations),
    Noun(None, providers.ProviderQueries, providers.ProviderMutations),
    Noun(onboarding_views, requirements.RequirementQueries, onboarding.OnboardingMutations),
    Noun(None, onboarding.OnboardingQueries),
    Noun(capability_views, capabilities.CapabilityQueries, capabilities.CapabilityMutations),
    Noun(service_views, services.ServiceQueries, services.ServiceMutations),
    Noun(None, lanes.LaneQueries, lanes.LaneMutations),
    Noun(rate_sheet_views, rate_sheets.RateSheetQueries, rate_sheets.RateSheetMutations),
    Noun(listing_views, listings.ListingQueries, listings.ListingMutations),
    Noun(guarantee_views, enrolments.GuaranteeQueries, enrolments.GuaranteeMutations),
    Noun(rule_views, rules.RuleQueries, rules.RuleMutations),
    Noun(order_views, orders.OrderQueries, orders.OrderMutations),
    Noun(shipment_views, shipments.ShipmentQueries, shipments.ShipmentMutations, subscriptions.ShipmentSubscriptions),
    Noun(carrier_claim_views, carrier_claims.CarrierClaimQueries, carrier_claims.CarrierClaimMutations),
    Noun(message_views, messages.MessageQueries),
    Noun(leg_views, legs.LegQueries, legs.LegMutations),
    Noun(None, tracking.TrackingQueries, tracking.TrackingMutations),
    Noun(quote_views, quotes.QuoteQueries, quotes.QuoteMutations),
    Noun(booking_views, bookings.BookingQueries, bookings.BookingMutations),
    Noun(coverage_views, coverage.CoverageQueries),
    Noun(certificate_views, certificates.CertificateQueries),
    Noun(claim_option_views, claim_options.ClaimOptionQueries),
    Noun(exchange_rate_views, exchange_rates.ExchangeRateQueries, exchange_rates.ExchangeRateMutations),
    Noun(claim_views, claims.ClaimQueries, claims.ClaimMutations, subscriptions.ClaimSubscriptions),
    Noun(negotiation_views, None, negotiation.NegotiationMutations),
    Noun(evidence_views, evidence.EvidenceQueries, evidence.EvidenceMutations),
    Noun(return_views, returns.ReturnQueries, returns.ReturnMutations),
    Noun(service_request_views, service_requests.ServiceRequestQueries, service_requests.ServiceRequestMutations),
    Noun(desk_views, desk.DeskQueries, desk.DeskMutations),
    Noun(decision_views, decisions.DecisionQueries),
    Noun(coupon_views, coupons.CouponQueries, coupons.CouponMutations),
    Noun(remedy_views, remedies.RemedyQueries, remedies.RemedyMutations),
    Noun(exposure_views, exposure.ExposureQueries),
    Noun(insurance_views, insurance.InsuranceQueries, insurance.InsuranceMutations),
    Noun(reimbursement_views, reimbursements.ReimbursementQueries, reimbursements.ReimbursementMutations),
    Noun(recovery_views, recoveries.RecoveryQueries, recoveries.RecoveryMutations),
    Noun(None, payouts.PayoutQueries, payouts.PayoutMutations),
    Noun(None, invoices.InvoiceQueries, invoices.InvoiceMutations),
    Noun(party_statement_views, party_statements.PartyStatementQueries),
    Noun(as_of_views, as_of.AsOfQueries),
    Noun(ledger_views, ledger.LedgerQueries),
    Noun(clock_views, clocks.ClockQueries, clocks.ClockMutations),
    Noun(hold_views, holds.HoldQueries, holds.HoldMutations),
    Noun(document_views, documents.DocumentQueries, documents.DocumentMutations),
    Noun(deposit_views, deposits.DepositQueries, deposits.DepositMutations),
    Noun(appeal_views, appeals.AppealQueries, appeals.AppealMutations),
    Noun(membership_views, memberships.MembershipQueries, memberships.MembershipMutations),
    Noun(
        membership_choice_views,
        membership_choices.MembershipChoiceQueries,
        membership_choices.MembershipChoiceMutations,
    ),
    Noun(chargeback_views, chargebacks.ChargebackQueries, chargebacks.ChargebackMutations),
    Noun(relation_views, relations.RelationQueries, relations.RelationMutations),
    Noun(upload_views, uploads.UploadQueries, uploads.UploadMutations),
    Noun(points_views, points.PointsQueries, points.PointsMutations),
    Noun(scorecard_views, scorecards.ScorecardQueries, scorecards.ScorecardMutations),
    Noun(tier_views, tiers.TierQueries, tiers.TierMutations),
    Noun(place_views, places.PlaceQueries),
    Noun(service_point_views, service_points.ServicePointQueries, service_points.ServicePointMutations),
)


ROOT_DESCRIPTIONS: Final = {
    "query": "What can be read. Everybody finds here what is theirs to see, and nothing else.",
    "mutation": "What can be done. Each takes one input and says in its payload what came of it, or why nothing did.",
    "subscription": "What can be watched while it happens.",
}


class Contract(NamedTuple):
    """The schema and what the engine must know beside it."""

    strawberry: strawberry.Schema
    graphql: GraphQLSchema
    views: dict[str, View]
    """By GraphQL type."""
    roots: dict[str, Root]
    """By query field; `node` and `nodes` are the engine's own."""
    mutations: dict[str, Mutation]
    """By mutation field."""
    sources: dict[str, stream.Source]
    """By subscription field."""


def contract(nouns: tuple[Noun, ...] = NOUNS) -> Contract:
    """Everything those nouns promise. Refuses two views of one type and two roots of one name with ValueError."""
    merged = {
        kind: _root(kind, parts)
        for kind in ("query", "mutation", "subscription")
        if (parts := tuple(part for noun in nouns if (part := _part(noun, kind)) is not None))
    }
    schema = strawberry.Schema(
        query=merged["query"],
        mutation=merged.get("mutation"),
        subscription=merged.get("subscription"),
        types=[type_ for noun in nouns for type_ in noun.types],
        config=StrawberryConfig(scalar_map=dict(SCALARS)),
    )
    views: dict[str, View] = {}
    roots: dict[str, Root] = {}
    for noun in nouns:
        for view in noun.views.VIEWS if noun.views else ():
            if views.setdefault(view.type, view) is not view:
                raise ValueError(f"{view.type} has two views")
        for name, root in noun.views.ROOTS.items() if noun.views else ():
            if roots.setdefault(name, root) is not root:
                raise ValueError(f"the root {name} is declared twice")
    core: GraphQLSchema = schema._schema
    return Contract(schema, core, views, roots, _mutations(core), _sources(core))


def _root(kind: str, parts: tuple[type, ...]) -> type:
    """The operation type of that kind, with the fields of all its parts."""
    root = merge_types(kind.capitalize(), parts)
    get_object_definition(root, strict=True).description = ROOT_DESCRIPTIONS[kind]
    return root


def _part(noun: Noun, kind: str) -> type | None:
    return {"query": noun.queries, "mutation": noun.mutations, "subscription": noun.subscriptions}[kind]


def _mutations(core: GraphQLSchema) -> dict[str, Mutation]:
    """The registry of mutations, from what the fields declare."""
    registry: dict[str, Mutation] = {}
    for name, definition in (core.mutation_type.fields if core.mutation_type else {}).items():
        declared = definition.extensions["strawberry-definition"].metadata[mutation.DECLARATION]
        payload = str(definition.type).rstrip("!")
        registry[name] = Mutation(
            name,
            declared.operation,
            declared.input_type,
            payload,
            declared.keyed,
            declared.gathers,
            declared.together,
        )
    return registry


def _sources(core: GraphQLSchema) -> dict[str, stream.Source]:
    """The sources of subscriptions, from what the fields declare."""
    fields = core.subscription_type.fields if core.subscription_type else {}
    return {
        name: definition.extensions["strawberry-definition"].metadata[stream.DECLARATION]
        for name, definition in fields.items()
    }
