"""The trade's shared enums in GraphQL, described once: whoever shows one imports this module."""

from api.schema.enums import described
from domain.gates import Action
from domain.modes import DangerousGoodsClass, Incoterm, ServiceMode

described(ServiceMode)
described(Incoterm)
described(DangerousGoodsClass)
described(Action, name="ProviderCapability")
