"""Ids of claims and appeals with all that belongs to them, and of the record."""

from domain.ids.identity import Id


class ClaimId(Id):
    """A claim."""

    prefix = "clm"


class DecisionId(Id):
    """A decision with its tree of findings."""

    prefix = "dec"


class RuleVersionId(Id):
    """One immutable version of a rule."""

    prefix = "rul"


class ClockId(Id):
    """A duty with a deadline."""

    prefix = "clk"


class EventId(Id):
    """A happening in the outbox."""

    prefix = "evt"


class AuditId(Id):
    """An audit row."""

    prefix = "aud"


class DocumentId(Id):
    """A trusted document (a registered GraphQL operation)."""

    prefix = "doc"


class ClockHoldId(Id):
    """A hold of clocks by force majeure."""

    prefix = "hld"


class HeldClockId(Id):
    """A clock under a hold."""

    prefix = "hcl"


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


class ParcelReportId(Id):
    """A report of a parcel on its way back."""

    prefix = "pcr"


class ReturnLineId(Id):
    """A line of goods on their way back."""

    prefix = "rtl"


class InspectionId(Id):
    """An inspection of goods by a third party."""

    prefix = "isp"


class RemedyId(Id):
    """A remedy that was awarded for a claim."""

    prefix = "rmd"


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
