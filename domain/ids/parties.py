"""Ids of whoever takes part, and of what they are admitted by and to."""

from domain.ids.identity import Id


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


class RestrictionId(Id):
    """What a provider may not do, where and until when."""

    prefix = "rst"


class BarId(Id):
    """A time in which a provider may not come back."""

    prefix = "bar"


class ExitId(Id):
    """A provider's leaving."""

    prefix = "ext"


class BundleId(Id):
    """A party's enrolment in a bundle of guarantees."""

    prefix = "bdl"


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


class TierReviewId(Id):
    """A review of a buyer's evidence."""

    prefix = "trv"


class TierEvidenceId(Id):
    """A piece of a buyer's evidence."""

    prefix = "tev"


class TierSweepId(Id):
    """An evaluation of all buyers."""

    prefix = "tsw"


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
