// A client's own code over the generated types, in strict TypeScript: what the conventions promise is what it may rely
// on, and each marked line is one that must not compile.

import type { MyClaimsQuery } from "./operations";
import type { ClaimState, Money, Mutation, OpenClaimInput } from "./schema";

type Row = MyClaimsQuery["claims"]["nodes"][number];

export function amountOf(row: Row): string {
  const exact: string = row.amount.amount;
  // @ts-expect-error an amount is never a floating-point number
  const rounded: number = row.amount.amount;
  return rounded ? exact : exact;
}

export function stateOf(state: ClaimState): string {
  switch (state) {
    case "OPEN":
    case "ESCALATED":
      return "running";
    case "DECIDED":
    case "CLOSED":
    case "WITHDRAWN":
      return "over";
    default: // an enum may grow: without this branch the function does not compile
      return "unknown";
  }
}

export function newClaim(answer: Mutation["openClaim"]): string {
  // @ts-expect-error a refused mutation has no thing to show
  const unchecked: string = answer.claim.id;
  return answer.claim?.id ?? answer.userErrors.map((error) => error.message).join(unchecked);
}

// @ts-expect-error what moves money names its key
export const unkeyed: OpenClaimInput = { coverageId: "cov_1", reason: "LATE_DELIVERY" };

export const price: Money = { amount: "12.50", currency: "USD" };
