"""Ids of what is sold, carried and promised."""

from domain.ids.identity import Id


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


class MessageId(Id):
    """A message to a party about a shipment."""

    prefix = "msg"


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


class QuoteRequestId(Id):
    """A buyer's question what transporting goods costs."""

    prefix = "qrq"


class QuoteId(Id):
    """A provider's binding quote."""

    prefix = "quo"


class BookingId(Id):
    """A quote that was booked for lines of an order."""

    prefix = "bkg"


class CertificateId(Id):
    """What was promised at payment, as a signed document."""

    prefix = "crt"


class AppendixId(Id):
    """What was appended to a certificate."""

    prefix = "apx"


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
