"""The mark of personal data in the schema: clients see which fields are about people, and tests find them all.

Law: what is marked lies in `personal_data`, apart and erasable; showing it to anybody leaves an audit row; it is in no
log, no history, no event.
"""

import strawberry
from strawberry.schema_directive import Location


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.INPUT_FIELD_DEFINITION],
    name="personal",
    description="Personal data: kept apart and erasable, in no log; reading it is written into the audit log.",
)
class Personal:
    """`@personal`."""
