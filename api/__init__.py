"""Everything that meets the world: HTTP, GraphQL, the worker, the command line; knows `storage` and `domain`."""
