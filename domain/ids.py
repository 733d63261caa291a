"""Ids: prefixed sortable text, one spelling everywhere (rows, logs, GraphQL, webhooks).

Laws: an id is its kind's prefix, an underscore and 26 lower-case base-32 characters (48 bits of milliseconds, 80 random
bits), so ids of one kind sort by the time they were minted. They are minted only by `work.new_id(Kind)`.
"""

from typing import Final, Self

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no i, l, o or u, so that an id can be read out on the telephone."""

BODY_CHARACTERS: Final = 26
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}
_RANDOM_BITS: Final = 80
_MILLISECOND_BITS: Final = 48


class Id(str):
    """The id of one kind of thing. A subclass names its prefix."""

    __slots__ = ()
    prefix = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """`text` as an id of this kind. Refuses any other spelling with ValueError."""
        if not is_id(text) or not text.startswith(f"{cls.prefix}_"):
            raise ValueError(f"not a {cls.__name__}: expected {cls.prefix}_ and {BODY_CHARACTERS} characters")
        return cls(text)

    @classmethod
    def mint(cls, milliseconds: int, randomness: int) -> Self:
        """The id of that instant (milliseconds since 1970) and those 80 random bits. Pure: the caller brings both."""
        if not 0 <= milliseconds < 1 << _MILLISECOND_BITS or not 0 <= randomness < 1 << _RANDOM_BITS:
            raise ValueError("out of the range of an id")
        number = milliseconds << _RANDOM_BITS | randomness
        body = "".join(ALPHABET[number >> shift & 31] for shift in range(5 * (BODY_CHARACTERS - 1), -1, -5))
        return cls(f"{cls.prefix}_{body}")


def is_id(text: str) -> bool:
    """Whether `text` is spelled like an id of any kind: three letters, an underscore, 26 characters of the alphabet."""
    return (
        len(text) == BODY_CHARACTERS + 4
        and text[3] == "_"
        and text[:3] in KINDS
        and all(character in _VALUES for character in text[4:])
        and text[4] <= "7"  # 26 characters hold 130 bits; the two highest are always zero
    )


def kind_of(text: str) -> type[Id]:
    """The class of the id in `text`. Refuses what is not an id with ValueError."""
    if not is_id(text):
        raise ValueError("not an id")
    return KINDS[text[:3]]


class TenantId(Id):
    """A marketplace."""

    prefix = "ten"


class OrganisationId(Id):
    """A company or team whose members and keys act for it."""

    prefix = "org"


class MemberId(Id):
    """A person in an organisation."""

    prefix = "mem"


class InvitationId(Id):
    """An invitation to become a member."""

    prefix = "inv"


class ApiKeyId(Id):
    """A machine's key."""

    prefix = "key"


class BuyerId(Id):
    """A buyer."""

    prefix = "buy"


class SupplierId(Id):
    """A supplier (merchant)."""

    prefix = "sup"


class ProviderId(Id):
    """A provider of logistics or service."""

    prefix = "prv"


class GuaranteeId(Id):
    """A guarantee that a party offers."""

    prefix = "gua"


class ExchangeRateId(Id):
    """A dated exchange rate."""

    prefix = "fxr"


class OrderId(Id):
    """An order, as the marketplace's shop system reported it."""

    prefix = "ord"


class OrderLineId(Id):
    """A line of an order."""

    prefix = "lin"


class ShipmentId(Id):
    """A shipment of lines of one order."""

    prefix = "shp"


class TrackingEventId(Id):
    """A report of where a shipment is."""

    prefix = "trk"


class LegId(Id):
    """One leg of a shipment's way."""

    prefix = "leg"


class WaitingEventId(Id):
    """A report of a shipment that nobody has recorded yet."""

    prefix = "wev"


class CoverageId(Id):
    """The cover of one order by one guarantee, frozen at purchase."""

    prefix = "cov"


class ClaimId(Id):
    """A claim."""

    prefix = "clm"


class DecisionId(Id):
    """A decision with its tree of findings."""

    prefix = "dec"


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


class RuleVersionId(Id):
    """One immutable version of a rule."""

    prefix = "rul"


class ClockId(Id):
    """A duty with a deadline."""

    prefix = "clk"


class EventId(Id):
    """A happening in the outbox."""

    prefix = "evt"


class MessageId(Id):
    """A message to a party about a shipment."""

    prefix = "msg"


class AuditId(Id):
    """An audit row."""

    prefix = "aud"


class DocumentId(Id):
    """A trusted document (a registered GraphQL operation)."""

    prefix = "doc"


class ServiceId(Id):
    """A transport or other service that a provider sells."""

    prefix = "svc"


class LaneId(Id):
    """Where a service goes from and to, or the place where it is done."""

    prefix = "lan"


class RateSheetId(Id):
    """One version of a service's prices."""

    prefix = "rsh"


class RateId(Id):
    """One price of a rate sheet."""

    prefix = "rat"


class SurchargeId(Id):
    """One surcharge of a rate sheet."""

    prefix = "sur"


class RateImportId(Id):
    """A rate sheet's file on its way in."""

    prefix = "rim"


class RateRejectId(Id):
    """A line of such a file that is no rate."""

    prefix = "rrj"


class ListingFlagId(Id):
    """Something wrong with a listed service, to be put right until a deadline."""

    prefix = "flg"


class ChargeCheckId(Id):
    """What a booking was quoted beside what it was charged."""

    prefix = "chk"


class RestrictionId(Id):
    """What a provider may not do, where and until when."""

    prefix = "rst"


class BarId(Id):
    """A time in which a provider may not come back."""

    prefix = "bar"


class ExitId(Id):
    """A provider's leaving."""

    prefix = "ext"


class QuoteRequestId(Id):
    """A buyer's question what transporting goods costs."""

    prefix = "qrq"


class BundleId(Id):
    """A party's enrolment in a bundle of guarantees."""

    prefix = "bdl"


class QuoteId(Id):
    """A provider's binding quote."""

    prefix = "quo"


class BookingId(Id):
    """A quote that was booked for lines of an order."""

    prefix = "bkg"


class RequirementItemId(Id):
    """What a provider handed in for one requirement, or what stands in for it."""

    prefix = "rqi"


class ReviewId(Id):
    """One round of reviewing a provider's application."""

    prefix = "rvw"


class ServicePointId(Id):
    """A place where a provider serves machines or takes and hands out goods."""

    prefix = "svp"


class UploadId(Id):
    """A file that an organisation brings."""

    prefix = "upl"


class RelationId(Id):
    """That two providers are one hand's."""

    prefix = "rel"


class DepositId(Id):
    """What is held of one provider's money in one currency."""

    prefix = "dep"


class DepositMovementId(Id):
    """Money that came into a deposit or left it."""

    prefix = "dmv"


class TierReviewId(Id):
    """A review of a buyer's evidence."""

    prefix = "trv"


class TierEvidenceId(Id):
    """A piece of a buyer's evidence."""

    prefix = "tev"


class TierSweepId(Id):
    """An evaluation of all buyers."""

    prefix = "tsw"


class CertificateId(Id):
    """What was promised at payment, as a signed document."""

    prefix = "crt"


class AppendixId(Id):
    """What was appended to a certificate."""

    prefix = "apx"


class ClockHoldId(Id):
    """A hold of clocks by force majeure."""

    prefix = "hld"


class HeldClockId(Id):
    """A clock under a hold."""

    prefix = "hcl"


class ServiceRequestId(Id):
    """A buyer's request for the service that a cover promises."""

    prefix = "srq"


class ServiceLevelId(Id):
    """A milestone of a service request and its deadline."""

    prefix = "slv"


class ServiceVisitId(Id):
    """An engineer's visit."""

    prefix = "svv"


class ServicePartId(Id):
    """A spare part that was asked for or used."""

    prefix = "spt"


class MembershipId(Id):
    """A merchant's paid plan."""

    prefix = "mbs"


class CardReceiptId(Id):
    """A card payment of an order."""

    prefix = "crp"


class ProtectionId(Id):
    """A merchant's enrolment in the protection against chargebacks."""

    prefix = "ptn"


class ProtectionPeriodId(Id):
    """A stretch of time in which a protection was active."""

    prefix = "ptp"


class ProcessorId(Id):
    """A payment processor that tells of chargebacks."""

    prefix = "prc"


class ChargebackNoticeId(Id):
    """What a processor told of a chargeback."""

    prefix = "cbn"


class ChargebackId(Id):
    """A card payment that the cardholder's bank takes back."""

    prefix = "cbk"


class EvidencePackId(Id):
    """What a merchant defends itself with against a chargeback."""

    prefix = "pck"


class AppealId(Id):
    """An appeal against a decision or measure."""

    prefix = "apl"


class AppealRoundId(Id):
    """A question to the appellant and its answer."""

    prefix = "apr"


class SavedFilterId(Id):
    """A list of claims that somebody of the desk kept."""

    prefix = "svf"


class ClaimNoteId(Id):
    """A note of staff to staff on a claim."""

    prefix = "cnt"


class ProposalId(Id):
    """A decision that waits for a second adjudicator."""

    prefix = "prp"


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


class EvidenceId(Id):
    """A piece of evidence in a claim."""

    prefix = "evi"


class EvidenceFileId(Id):
    """A file of a piece of evidence."""

    prefix = "evf"


class EvidenceRequestId(Id):
    """What the marketplace asked a side of a claim to bring."""

    prefix = "evq"


class EvidenceMarkId(Id):
    """What was found of a piece of evidence."""

    prefix = "evm"


class GoodsReturnId(Id):
    """Goods on their way back."""

    prefix = "ret"


class ReturnLineId(Id):
    """A line of goods on their way back."""

    prefix = "rtl"


class InspectionId(Id):
    """An inspection of goods by a third party."""

    prefix = "isp"


class RemedyId(Id):
    """A remedy that was awarded for a claim."""

    prefix = "rmd"


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


class GoodwillId(Id):
    """What staff gave a buyer out of goodwill."""

    prefix = "gdw"


class ClaimLineId(Id):
    """A line of an order that a claim is about."""

    prefix = "cll"


class ClaimOfferId(Id):
    """An offer to settle a claim."""

    prefix = "cof"


class ClaimOfferLineId(Id):
    """What an offer gives for one line."""

    prefix = "cfl"


class ClaimContactId(Id):
    """A buyer's word to the liable party before it claims."""

    prefix = "cct"


class ScanDisputeId(Id):
    """A liable party's objection to a delivery scan."""

    prefix = "scn"


class CarrierClaimId(Id):
    """What the marketplace asks back from a carrier."""

    prefix = "ccl"


class CarrierPaymentId(Id):
    """What a carrier paid."""

    prefix = "cpy"


KINDS: Final[dict[str, type[Id]]] = {kind.prefix: kind for kind in Id.__subclasses__()}
PartyId = BuyerId | SupplierId | ProviderId
"""Whoever takes part in an order."""
LiablePartyId = SupplierId | ProviderId
"""Whoever gave a promise and pays for breaking it (`domain.md` 6)."""
