// A page of claims as a Relay app has it: a list that goes on, rows that are fetched again alone, changes that it keeps.

import { graphql } from "relay-runtime";

export const row = graphql`
  fragment ClaimList_claim on Claim
  @refetchable(queryName: "ClaimListRowQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 5 }, cursor: { type: "String" }) {
    number
    state
    amount { amount currency }
    liableParty { __typename ... on Supplier { name } ... on Provider { name } }
    events(first: $count, after: $cursor) @connection(key: "ClaimList_events") { edges { node { name at } } }
  }
`;

export const list = graphql`
  fragment ClaimList_query on Query
  @refetchable(queryName: "ClaimListPageQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" }) {
    claims(first: $count, after: $cursor, orderBy: MOST_URGENT_FIRST) @connection(key: "ClaimList_claims") {
      totalCount
      edges { node { ...ClaimList_claim } }
    }
  }
`;

export const screen = graphql`
  query ClaimListQuery($id: ID!) {
    ...ClaimList_query
    viewer { actorId tenant { id name } }
    node(id: $id) { ...ClaimList_claim @alias(as: "claim") }
  }
`;

export const open = graphql`
  mutation ClaimListOpenMutation($input: OpenClaimInput!, $connections: [ID!]!) {
    openClaim(input: $input) {
      claim @prependNode(connections: $connections, edgeTypeName: "ClaimEdge") { id number }
      userErrors { code message reasons { rule text } }
    }
  }
`;

export const watch = graphql`
  subscription ClaimListSubscription {
    claimChanged { ...ClaimList_claim }
  }
`;
