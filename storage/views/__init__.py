"""The read model: what each GraphQL type shows, as SQL expressions and relations, and who may see a row."""
