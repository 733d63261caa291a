"""The trade's shared enums in GraphQL, described once: whoever shows one imports this module."""

from api.schema.enums import described
from domain.gates import Action
from domain.liability import Bearer
from domain.modes import DangerousGoodsClass, Incoterm, ServiceMode
from domain.remedies import RemedyKind
from domain.services import ServiceLevel
from domain.shipments import ShipmentMode
from domain.uploads import UploadKind

described(ServiceMode)
described(Incoterm)
described(DangerousGoodsClass)
described(ServiceLevel)
described(Action, name="ProviderCapability")
described(ShipmentMode)
described(RemedyKind)
described(Bearer, name="LossBearer")
described(UploadKind)
