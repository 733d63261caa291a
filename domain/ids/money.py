"""Ids of what is owed, paid and held, and of discipline."""

from domain.ids.identity import Id


class CouponId(Id):
    """A compensation coupon."""

    prefix = "cpn"


class RedemptionId(Id):
    """One use of a coupon."""

    prefix = "red"


class PayoutId(Id):
    """What a liable party was to be paid, and what was kept back of it."""

    prefix = "pay"


class PartyPaymentId(Id):
    """Money with which a liable party paid what it owed."""

    prefix = "ppm"


class InvoiceId(Id):
    """An invoice to a liable party."""

    prefix = "ivc"


class InvoiceLineId(Id):
    """A line of an invoice."""

    prefix = "ivl"


class RecoveryId(Id):
    """What a liable party owes, or may come to owe, for one coupon."""

    prefix = "rec"


class AccountId(Id):
    """A ledger account."""

    prefix = "acc"


class TransferId(Id):
    """A balanced ledger transfer."""

    prefix = "tfr"


class DepositId(Id):
    """What is held of one provider's money in one currency."""

    prefix = "dep"


class DepositMovementId(Id):
    """Money that came into a deposit or left it."""

    prefix = "dmv"


class ChargebackNoticeId(Id):
    """What a processor told of a chargeback."""

    prefix = "cbn"


class ChargebackEventId(Id):
    """What happened to a chargeback."""

    prefix = "cbe"


class ChargebackId(Id):
    """A card payment that the cardholder's bank takes back."""

    prefix = "cbk"


class EvidencePackId(Id):
    """What a merchant defends itself with against a chargeback."""

    prefix = "pck"


class PointsEntryId(Id):
    """Penalty points that were given to a party for one act."""

    prefix = "pte"


class PointsMovementId(Id):
    """A line of a party's points account."""

    prefix = "pmv"


class MeasureId(Id):
    """What follows from penalty points, strikes or a scorecard."""

    prefix = "msr"


class CountedItemId(Id):
    """Something that counts for a party in a period: a prohibited item, a refunded order."""

    prefix = "cti"


class PartyCounterId(Id):
    """What was counted of a party in a period."""

    prefix = "pct"


class RefundId(Id):
    """Money that goes back to a buyer."""

    prefix = "rfd"


class ReservationId(Id):
    """A part of a coupon that a checkout holds."""

    prefix = "rsv"


class ExposureId(Id):
    """What one loss on one order line can cost."""

    prefix = "exp"


class ExposureMovementId(Id):
    """What was drawn on an exposure, or given back to it."""

    prefix = "exm"


class InsurancePaymentId(Id):
    """What an insurer paid a buyer for a loss."""

    prefix = "inp"


class ReimbursementId(Id):
    """What the marketplace was paid back for a claim."""

    prefix = "rmb"


class MembershipChoiceId(Id):
    """Which plan a merchant wants next."""

    prefix = "mch"


class GoodwillId(Id):
    """What staff gave a buyer out of goodwill."""

    prefix = "gdw"


class CarrierClaimId(Id):
    """What the marketplace asks back from a carrier."""

    prefix = "ccl"


class CarrierPaymentId(Id):
    """What a carrier paid."""

    prefix = "cpy"
