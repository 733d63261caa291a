"""The trade's shared enums in GraphQL, described once: whoever shows one imports this module."""

from api.schema.enums import described
from domain.gates import Action
from domain.modes import DangerousGoodsClass, Incoterm, ServiceMode
from domain.services import ServiceLevel

described(ServiceMode)
described(Incoterm)
described(DangerousGoodsClass)
described(ServiceLevel)
described(Action, name="ProviderCapability")
