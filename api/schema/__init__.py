"""The contract: GraphQL types, inputs, payloads, queries and mutations, one module per noun."""
