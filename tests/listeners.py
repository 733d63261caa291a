"""Who listens to Valkey: of a process's own database alone, for the tests beside it listen as well."""

from redis.asyncio import Redis


async def listeners(valkey: Redis) -> set[str]:
    """The connections that listen through the client's own database."""
    own = str(valkey.connection_pool.connection_kwargs["db"])
    return {client["id"] for client in await valkey.client_list(_type="pubsub") if client["db"] == own}


async def deafen(valkey: Redis) -> None:
    """Those connections are cut, as if Valkey had gone and come back."""
    for id in await listeners(valkey):
        await valkey.client_kill_filter(_id=id)
