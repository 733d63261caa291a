"""Who may do what: the role x action table, and who a caller is.

Laws: an action is the name of a mutation; the table below is the whole truth about roles (it is printed into
`infra/docs/access.md`); which *rows* a caller reaches is decided elsewhere, by the visibility predicates of
`storage/views/` and by the rules. A caller without a role may do nothing; a role of one organisation never counts in
another, because a caller acts for exactly one organisation.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.errors import Forbidden
from domain.ids import Id, OrganisationId, PartyId, TenantId


class Role(StrEnum):
    """What a member or a key may be in its organisation (`conventions.md`, Callers)."""

    BUYER = "BUYER"
    """Acts for a buyer."""
    SUPPLIER = "SUPPLIER"
    """Acts for a supplier."""
    PROVIDER = "PROVIDER"
    """Acts for a provider."""
    SUPPORT = "SUPPORT"
    """The operator's desk: helps the parties and enters what they cannot."""
    ADJUDICATOR = "ADJUDICATOR"
    """The operator's judge of escalated claims."""
    FINANCE = "FINANCE"
    """The operator's money: rates and refunds."""
    POLICY = "POLICY"
    """The operator's rules: publishes and withdraws them, grants levels."""
    ADMIN = "ADMIN"
    """The operator's own house: organisations, people, keys, the sandbox's clock."""
    SERVICE = "SERVICE"
    """A machine of the marketplace, such as its shop system."""
    GUEST = "GUEST"
    """A person whose token is good and who is a member of nothing yet. Nobody can be given this role."""


class ViewerKind(StrEnum):
    """How much of a row is shown. One visibility predicate per kind, in every view."""

    STAFF = "STAFF"
    """The operator's people and machines see their whole marketplace."""
    BUYER = "BUYER"
    """Sees what is its own."""
    SUPPLIER = "SUPPLIER"
    """Sees what is its own, and buyers' levels as `L1_PLUS` or nothing."""
    ENTITLED_SUPPLIER = "ENTITLED_SUPPLIER"
    """A supplier that was given sight of buyers' exact levels."""
    PROVIDER = "PROVIDER"
    """Sees what is its own."""
    PUBLIC = "PUBLIC"
    """Sees what everybody may see."""


class Scope(StrEnum):
    """What a token or key is good for, beside its roles."""

    READ = "READ"
    """Queries and subscriptions."""
    WRITE = "WRITE"
    """Mutations."""
    INTROSPECT = "INTROSPECT"
    """Questions about the schema itself, which the console asks."""


STAFF: Final = frozenset({Role.SUPPORT, Role.ADJUDICATOR, Role.FINANCE, Role.POLICY, Role.ADMIN})
"""The operator's people."""

OPERATOR: Final = STAFF | {Role.SERVICE}
"""The operator's people and machines: whoever acts for the marketplace itself and for no party."""

PARTY: Final = frozenset({Role.BUYER, Role.SUPPLIER, Role.PROVIDER})
"""The three sides of a trade."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody an OIDC issuer vouches for: `subject` is unique at `issuer`, and only there."""

    issuer: str
    subject: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: one actor (a key or a member) of one organisation, acting for at most one party of one tenant.

    A guest has no organisation. `person` is set for people and never for keys. `documents_only` is set for a key that
    lives in a browser or an app of a tenant which lets those send trusted documents only.
    """

    tenant_id: TenantId
    actor_id: Id
    organisation_id: OrganisationId | None
    party_id: PartyId | None
    roles: frozenset[Role]
    viewer: ViewerKind
    scopes: frozenset[Scope]
    person: Person | None = None
    documents_only: bool = False

    @property
    def is_operator(self) -> bool:
        """Whether the caller acts for the marketplace itself."""
        return not self.roles.isdisjoint(OPERATOR)


def _by(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


_DESK: Final = _by(Role.SERVICE, Role.SUPPORT, Role.ADMIN)
"""What the shop system reports, the desk may enter by hand."""
_STEWARDS: Final = PARTY | {Role.ADMIN}
"""A party looks after its own organisation, an admin after any."""
_LIABLE: Final = _by(Role.SUPPLIER, Role.PROVIDER)
_CARRYING: Final = _DESK | _LIABLE
_SELLING: Final = _by(Role.PROVIDER, Role.SUPPORT, Role.ADMIN)
"""A provider keeps its own catalogue; the desk may on its behalf."""
_RECOVERING: Final = _by(Role.SUPPORT, Role.FINANCE, Role.ADMIN)
"""What carriers owe is asked for by the desk and by finance."""

ACTIONS: Final[Mapping[str, frozenset[Role]]] = {
    # organisations and their people
    "createOrganisation": _by(Role.ADMIN),
    "inviteMember": _STEWARDS,
    "revokeInvitation": _STEWARDS,
    "acceptInvitation": _by(Role.GUEST),
    "grantRole": _STEWARDS,
    "revokeRole": _STEWARDS,
    "removeMember": _STEWARDS,
    # machines
    "issueApiKey": _STEWARDS,
    "rotateApiKey": _STEWARDS,
    "revokeApiKey": _STEWARDS,
    # the tenant
    "chooseClaimProfile": _by(Role.POLICY, Role.ADMIN),
    "moveClock": _by(Role.ADMIN),
    "applyClockHold": _by(Role.POLICY, Role.ADMIN),
    "reverseClockHold": _by(Role.POLICY, Role.ADMIN),
    "publishDocument": _by(Role.ADMIN, Role.SERVICE),
    # parties
    "registerBuyer": _DESK,
    "registerSupplier": _DESK,
    "registerProvider": _DESK,
    # providers come in
    "inviteProvider": _by(Role.SUPPORT, Role.ADMIN),
    "applyAsProvider": _by(Role.GUEST, Role.PROVIDER),
    "amendApplication": _by(Role.PROVIDER, Role.SUPPORT, Role.ADMIN),
    "submitRequirement": _by(Role.PROVIDER, Role.SUPPORT, Role.ADMIN),
    "submitApplication": _by(Role.PROVIDER, Role.SUPPORT, Role.ADMIN),
    "reopenApplication": _by(Role.PROVIDER, Role.SUPPORT, Role.ADMIN),
    "assignReview": _by(Role.SUPPORT, Role.ADMIN),
    "acceptRequirement": _by(Role.SUPPORT, Role.ADMIN),
    "rejectRequirement": _by(Role.SUPPORT, Role.ADMIN),
    "waiveRequirement": _by(Role.POLICY, Role.ADMIN),
    "admitToReview": _by(Role.SUPPORT, Role.POLICY, Role.ADMIN),
    "requestChanges": _by(Role.SUPPORT, Role.ADMIN),
    "approveApplication": _by(Role.SUPPORT, Role.ADMIN),
    "overrideApproval": _by(Role.POLICY, Role.ADMIN),
    "rejectApplication": _by(Role.SUPPORT, Role.ADMIN),
    "activateProvider": _by(Role.PROVIDER, Role.SUPPORT, Role.ADMIN),
    "grantTier": _by(Role.SUPPORT, Role.POLICY, Role.ADMIN),
    "revokeTier": _by(Role.POLICY, Role.ADMIN),
    "reinstateTier": _by(Role.POLICY, Role.ADMIN),
    "acceptTierUpgrade": _by(Role.BUYER, Role.SUPPORT),
    "setTierUpgrades": _by(Role.BUYER, Role.SUPPORT),
    "submitTierEvidence": _by(Role.BUYER, Role.SUPPORT),
    "takeTierReview": _by(Role.SUPPORT, Role.POLICY, Role.ADMIN),
    "requestTierEvidence": _by(Role.SUPPORT, Role.POLICY, Role.ADMIN),
    "grantTierReview": _by(Role.SUPPORT, Role.POLICY, Role.ADMIN),
    "declineTierReview": _by(Role.SUPPORT, Role.POLICY, Role.ADMIN),
    "evaluateTiers": _by(Role.POLICY, Role.ADMIN),
    "grantTierSight": _by(Role.POLICY, Role.ADMIN),
    "offerGuarantee": _LIABLE | {Role.SUPPORT, Role.ADMIN},
    "withdrawGuarantee": _LIABLE | {Role.SUPPORT, Role.ADMIN},
    "admitGuarantee": frozenset({Role.SUPPORT, Role.ADMIN}),
    "declineGuarantee": frozenset({Role.SUPPORT, Role.ADMIN}),
    "joinBundle": _LIABLE | {Role.SUPPORT, Role.ADMIN},
    "leaveBundle": _LIABLE | {Role.SUPPORT, Role.ADMIN},
    # what an admitted provider may do, and whether it stays
    "restrictProvider": _by(Role.SUPPORT, Role.POLICY, Role.ADMIN),
    "liftRestriction": _by(Role.SUPPORT, Role.POLICY, Role.ADMIN),
    "suspendProvider": _by(Role.SUPPORT, Role.POLICY, Role.ADMIN),
    "reinstateProvider": _by(Role.SUPPORT, Role.POLICY, Role.ADMIN),
    "terminateProvider": _by(Role.POLICY, Role.ADMIN),
    "removeFromProgramme": _by(Role.POLICY, Role.ADMIN),
    "requestExit": _by(Role.PROVIDER, Role.SUPPORT, Role.ADMIN),
    "withdrawExit": _by(Role.PROVIDER, Role.SUPPORT, Role.ADMIN),
    "liftBar": _by(Role.POLICY, Role.ADMIN),
    # what providers sell
    "createService": _SELLING,
    "updateService": _SELLING,
    "listService": _SELLING,
    "pauseService": _SELLING,
    "removeService": _SELLING,
    "addLanes": _SELLING,
    "updateLane": _SELLING,
    "removeLane": _SELLING,
    "draftRateSheet": _SELLING,
    "activateRateSheet": _SELLING,
    "discardRateSheet": _SELLING,
    "importRateSheet": _SELLING,
    "cancelRateImport": _SELLING,
    "checkListing": _SELLING | {Role.POLICY},
    "correctListing": _SELLING,
    "dismissListingFlag": _by(Role.SUPPORT, Role.POLICY, Role.ADMIN),
    # orders, as the shop system reports them
    "recordOrder": _DESK,
    "recordPayment": _DESK,
    "changeAddress": _DESK | {Role.BUYER},
    "cancelOrder": _DESK,
    "completeOrder": _DESK,
    "recordRefund": _DESK | {Role.FINANCE},
    "recordCharge": _DESK | {Role.FINANCE},
    "recordExchangeRates": _by(Role.SERVICE, Role.FINANCE, Role.ADMIN),
    # transport
    "recordShipment": _DESK | {Role.SUPPLIER},
    "updateEta": _CARRYING,
    "recordTrackingEvents": _CARRYING,
    "recordTrackingBatch": _CARRYING,
    "recordTrackingNumber": _CARRYING,
    "planLegs": _CARRYING,
    "recordLeg": _CARRYING,
    "appointPickup": _CARRYING,
    "proveDelivery": _CARRYING,
    # service points
    "addServicePoint": _DESK | {Role.PROVIDER},
    "verifyServicePoint": _by(Role.SUPPORT, Role.ADMIN),
    "reportServicePointChange": _DESK | {Role.PROVIDER},
    "changeServicePointContact": _DESK | {Role.PROVIDER},
    "recordReachability": _DESK,
    "recordUnreportedWithdrawal": _by(Role.SUPPORT, Role.ADJUDICATOR, Role.ADMIN),
    # quotes and bookings
    "requestQuote": _DESK | {Role.BUYER},
    "acceptQuote": _DESK | {Role.BUYER},
    "withdrawQuote": _by(Role.PROVIDER, Role.SUPPORT, Role.ADMIN),
    "reviseQuote": _by(Role.PROVIDER, Role.SUPPORT, Role.ADMIN),
    "bookQuote": _DESK | {Role.BUYER},
    "cancelBooking": _DESK | {Role.BUYER, Role.PROVIDER},
    # claims
    "openClaim": _by(Role.BUYER, Role.SUPPORT),
    "withdrawClaim": _by(Role.BUYER, Role.SUPPORT),
    "acceptClaim": _LIABLE,
    "contestClaim": _LIABLE,
    "escalateClaim": _by(Role.BUYER, Role.SUPPORT),
    "contactParty": _by(Role.BUYER, Role.SUPPORT),
    "disputeScan": _LIABLE,
    "makeOffer": _LIABLE | {Role.BUYER},
    "acceptOffer": _LIABLE | {Role.BUYER},
    "declineOffer": _LIABLE | {Role.BUYER},
    "takeUpClaim": _by(Role.SUPPORT, Role.ADJUDICATOR),
    "finishEvidence": _LIABLE | {Role.BUYER},
    "decideClaim": _by(Role.ADJUDICATOR),
    "reopenClaim": _by(Role.BUYER, Role.SUPPORT),
    # the desk
    "takeClaim": _by(Role.SUPPORT, Role.ADJUDICATOR),
    "assignClaim": _by(Role.SUPPORT, Role.ADJUDICATOR, Role.ADMIN),
    "releaseClaim": _by(Role.SUPPORT, Role.ADJUDICATOR),
    "takeOverClaim": _by(Role.SUPPORT, Role.ADJUDICATOR, Role.ADMIN),
    "addClaimNote": OPERATOR,
    "saveFilter": OPERATOR,
    "removeFilter": OPERATOR,
    "decideClaims": _by(Role.ADJUDICATOR),
    "confirmDecision": _by(Role.ADJUDICATOR),
    "returnDecision": _by(Role.ADJUDICATOR),
    # field service
    "requestService": _by(Role.BUYER, Role.SUPPORT),
    "respondToService": _LIABLE,
    "declineService": _LIABLE,
    "planServiceVisit": _LIABLE,
    "startServiceVisit": _LIABLE,
    "endServiceVisit": _LIABLE,
    "startRemoteService": _LIABLE,
    "requestServiceParts": _by(Role.BUYER, Role.SUPPORT),
    "sendServiceParts": _LIABLE,
    "receiveServiceParts": _by(Role.BUYER, Role.SUPPORT),
    "completeService": _LIABLE,
    "confirmService": _by(Role.BUYER, Role.SUPPORT),
    "reopenService": _by(Role.BUYER, Role.SUPPORT),
    "cancelService": _by(Role.BUYER, Role.SUPPORT),
    # what proves, goes back and is looked at
    "submitEvidence": PARTY | {Role.SUPPORT, Role.ADJUDICATOR},
    "requestEvidence": _by(Role.SUPPORT, Role.ADJUDICATOR),
    "findEvidenceForged": _by(Role.ADJUDICATOR),
    "arrangeReturn": _LIABLE,
    "waiveReturn": _LIABLE,
    "shipReturn": _by(Role.BUYER, Role.SUPPORT),
    "receiveReturn": _LIABLE | {Role.SERVICE, Role.SUPPORT},
    "acceptReturn": _LIABLE,
    "refuseReturn": _LIABLE,
    "orderInspection": _by(Role.BUYER, Role.SUPPORT),
    "recordInspectionReport": _by(Role.SERVICE, Role.SUPPORT, Role.ADJUDICATOR),
    # coupons
    "redeemCoupon": _by(Role.BUYER, Role.SERVICE),
    "reserveCoupon": _by(Role.BUYER, Role.SERVICE),
    "captureReservation": _by(Role.BUYER, Role.SERVICE),
    "releaseReservation": _by(Role.BUYER, Role.SERVICE),
    "revokeCoupon": _by(Role.ADJUDICATOR, Role.ADMIN),
    # remedies, refunds, goodwill
    "provideRemedy": _LIABLE,
    "confirmRemedy": _by(Role.BUYER, Role.SUPPORT),
    "rejectRemedy": _by(Role.BUYER, Role.SUPPORT),
    "recordRefundPaid": _by(Role.SERVICE, Role.FINANCE),
    "recordRefundFailed": _by(Role.SERVICE, Role.FINANCE),
    "grantGoodwill": _by(Role.SUPPORT, Role.ADJUDICATOR, Role.FINANCE),
    # penalty points and what follows from them
    "penaliseParty": _by(Role.SUPPORT, Role.ADJUDICATOR, Role.POLICY, Role.ADMIN),
    "reversePoints": _by(Role.ADJUDICATOR, Role.POLICY, Role.ADMIN),
    "liftMeasure": _by(Role.POLICY, Role.ADMIN),
    "recordProhibitedGoods": _by(Role.SERVICE, Role.SUPPORT, Role.POLICY, Role.ADMIN),
    # what is asked back from carriers
    "openCarrierClaim": _RECOVERING,
    "amendCarrierClaim": _RECOVERING,
    "notifyCarrier": _RECOVERING,
    "fileCarrierClaim": _RECOVERING,
    "acknowledgeCarrierClaim": _RECOVERING | {Role.PROVIDER},
    "answerCarrierClaim": _RECOVERING | {Role.PROVIDER},
    "collectCarrierClaim": _by(Role.FINANCE),
    "writeOffCarrierClaim": _by(Role.FINANCE),
    # related accounts
    "declareRelatedAccount": _by(Role.PROVIDER, Role.SUPPORT, Role.ADMIN),
    "clearRelation": _by(Role.SUPPORT, Role.POLICY, Role.ADMIN),
    "relateAccounts": _by(Role.SUPPORT, Role.POLICY, Role.ADMIN),
    "identifySupplier": _by(Role.SERVICE, Role.SUPPORT, Role.ADMIN),
    # what liable parties owe
    "recordPayout": _by(Role.SERVICE, Role.FINANCE),
    "confirmPayout": _by(Role.SERVICE, Role.FINANCE),
    "recordPartyPayment": _by(Role.SERVICE, Role.FINANCE),
    "disputeRecovery": _LIABLE | {Role.SUPPORT},
    "resolveRecovery": _by(Role.ADJUDICATOR, Role.FINANCE),
    "writeOffRecovery": _by(Role.FINANCE),
    "confirmWriteOff": _by(Role.FINANCE),
    # what insurers paid buyers
    "recordInsurancePayment": _by(Role.SERVICE, Role.FINANCE, Role.ADJUDICATOR),
    "withdrawInsurancePayment": _by(Role.FINANCE, Role.ADJUDICATOR),
    "recordReimbursement": _by(Role.SERVICE, Role.FINANCE),
    "withdrawReimbursement": _by(Role.FINANCE),
    # deposits
    "recordDeposit": _by(Role.FINANCE),
    "drawDeposit": _by(Role.FINANCE),
    "returnDeposit": _by(Role.FINANCE),
    # plans, card payments, and what follows from chargebacks
    "recordMembership": _DESK | {Role.FINANCE},
    "chooseMembership": _by(Role.SUPPLIER, Role.SUPPORT, Role.FINANCE),
    "recordCardReceipt": _DESK,
    "activateProtection": _by(Role.SUPPLIER, Role.SUPPORT),
    "pauseProtection": _by(Role.SUPPLIER, Role.SUPPORT),
    "resumeProtection": _by(Role.SUPPLIER, Role.SUPPORT),
    "endProtection": _by(Role.SUPPLIER, Role.SUPPORT),
    "registerProcessor": _by(Role.ADMIN),
    "rotateProcessorSecret": _by(Role.ADMIN),
    "revokeProcessor": _by(Role.ADMIN),
    "recordChargebackNotice": _by(Role.SERVICE, Role.SUPPORT, Role.FINANCE),
    "matchChargebackNotice": _by(Role.SUPPORT, Role.FINANCE),
    "acceptChargeback": _by(Role.SUPPLIER),
    "submitEvidencePack": _by(Role.SUPPLIER),
    "representChargeback": _by(Role.SUPPORT, Role.FINANCE),
    "returnEvidencePack": _by(Role.SUPPORT, Role.FINANCE),
    "contestPreArbitration": _by(Role.SUPPORT, Role.FINANCE),
    # appeals
    "draftAppeal": PARTY,
    "amendAppeal": PARTY,
    "fileAppeal": PARTY,
    "answerAppealRequest": PARTY,
    "respondToAppeal": PARTY,
    "admitAppeal": _by(Role.SUPPORT, Role.ADJUDICATOR, Role.POLICY, Role.ADMIN),
    "dismissAppeal": _by(Role.SUPPORT, Role.ADJUDICATOR, Role.POLICY, Role.ADMIN),
    "takeAppeal": _by(Role.ADJUDICATOR, Role.POLICY, Role.ADMIN),
    "requestAppealInformation": _by(Role.ADJUDICATOR, Role.POLICY, Role.ADMIN),
    "decideAppeal": _by(Role.ADJUDICATOR, Role.POLICY, Role.ADMIN),
    # files
    "createUpload": PARTY | OPERATOR,
    "confirmUpload": PARTY | OPERATOR,
    # rules
    "publishRule": _by(Role.POLICY),
    "withdrawRule": _by(Role.POLICY),
}
"""Mutation -> the roles that may call it. A mutation that is not here does not exist (a test compares both)."""


def may(caller: Caller, action: str) -> bool:
    """Whether `require` would let the caller do it: the role fits and the token or key is good for writing."""
    return Scope.WRITE in caller.scopes and not ACTIONS[action].isdisjoint(caller.roles)


def require(caller: Caller, action: str) -> None:
    """Nothing, if one of the caller's roles may do `action` and its token or key is good for writing.

    Raises:
        Forbidden: it may not; the message names the roles that may.
    """
    if ACTIONS[action].isdisjoint(caller.roles):
        raise Forbidden(f"{action} is for {', '.join(sorted(ACTIONS[action]))}.")
    if Scope.WRITE not in caller.scopes:
        raise Forbidden(f"{action} needs a token or key with the scope {Scope.WRITE}.")


def permitted(caller: Caller) -> tuple[str, ...]:
    """Every action that `require` lets the caller do, in the order of the table."""
    return tuple(action for action in ACTIONS if may(caller, action))


def viewer_of(roles: Collection[Role], *, sees_exact_tiers: bool) -> ViewerKind:
    """How much a caller with those roles is shown.

    A supplier counts as entitled if and only if its party is (`domain.md` 2.5). Roles of one organisation are all of
    one side (`domain/organisations.py`), so the order of the questions never matters.
    """
    if not OPERATOR.isdisjoint(roles):
        return ViewerKind.STAFF
    if Role.BUYER in roles:
        return ViewerKind.BUYER
    if Role.SUPPLIER in roles:
        return ViewerKind.ENTITLED_SUPPLIER if sees_exact_tiers else ViewerKind.SUPPLIER
    if Role.PROVIDER in roles:
        return ViewerKind.PROVIDER
    return ViewerKind.PUBLIC
