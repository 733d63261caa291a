// The rules of graphql-schema-linter that the contract obeys: all it has but four, for the reasons of
// infra/decisions/0064-schema-tools.md. The names are given one by one, so that a new rule is taken on by hand.

module.exports = {
  rules: [
    "arguments-have-descriptions",
    "defined-types-are-used",
    "deprecations-have-a-reason",
    "descriptions-are-capitalized",
    "enum-values-all-caps",
    "enum-values-have-descriptions",
    "fields-are-camel-cased",
    "fields-have-descriptions",
    "input-object-values-are-camel-cased",
    "input-object-values-have-descriptions",
    "relay-connection-arguments-spec",
    "relay-connection-types-spec",
    "relay-page-info-spec",
    "types-are-capitalized",
    "types-have-descriptions",
  ],
  // Off: enum-values-, input-object-fields-, interface-fields- and type-fields-sorted-alphabetically.
};
