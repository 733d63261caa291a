"""The whole contract, made once per process: nothing changes it, and making it takes longer than most tests."""

from functools import cache

from api.schema.schema import Contract, contract


@cache
def whole_contract() -> Contract:
    """Everything that the platform promises."""
    return contract()
