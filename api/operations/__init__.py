"""Use cases: load, decide, keep. They know neither GraphQL nor HTTP."""
