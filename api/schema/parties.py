"""The unions over kinds of party: whoever takes part in an order, and whoever can be liable."""

from typing import Annotated

import strawberry

from api.schema.buyers import Buyer
from api.schema.providers import Provider
from api.schema.suppliers import Supplier

LiableParty = Annotated[
    Supplier | Provider,
    strawberry.union("LiableParty", description="Whoever gave a promise and pays for breaking it."),
]
Party = Annotated[
    Buyer | Supplier | Provider,
    strawberry.union("Party", description="Whoever takes part in an order."),
]
