"""Losses: what a doctor asks of who bears them, over all coupons, refunds, parties and carriers."""

from typing import Final

SHARES: Final = """
WITH parts AS (
  SELECT coalesce(r.coupon_id, r.refund_id) AS id, coalesce(k.amount_minor, f.amount_minor) AS amount,
    r.contingent_minor + r.due_minor + r.released_minor AS part, r.share_bp,
    abs((r.contingent_minor + r.due_minor + r.released_minor) * 20000
      - coalesce(k.amount_minor, f.amount_minor)::numeric * r.share_bp * 2) > 10000 AS unfair
  FROM recoveries r LEFT JOIN coupons k ON k.tenant_id = r.tenant_id AND k.id = r.coupon_id
  LEFT JOIN refunds f ON f.tenant_id = r.tenant_id AND f.id = r.refund_id WHERE r.tenant_id = $1
), off AS (
  SELECT id || ' of ' || amount || ' is borne by parties with ' || string_agg(part || ' for ' || share_bp, ', ') AS what
  FROM parts GROUP BY id, amount
  HAVING sum(part) > amount OR sum(share_bp) > 10000 OR bool_or(unfair)
    OR (sum(share_bp) = 10000 AND sum(part) <> amount AND count(*) > 1) LIMIT $2
)
SELECT (SELECT count(*) FROM parts) AS looked_at, (SELECT array_agg(what) FROM off) AS broken
"""
"""Each within half a cent of its share, all together never more than there is, and all of it where they share all."""

BORNE: Final = """
WITH sides AS (
  SELECT currency, -sum(balance_minor) FILTER (WHERE name = 'EXPENSE_RECOVERY') AS booked,
    sum(balance_minor) FILTER (WHERE name = 'BAD_DEBT') AS given_up, 0 AS owed, 0 AS written_off
  FROM ledger_accounts WHERE tenant_id = $1 AND name IN ('EXPENSE_RECOVERY', 'BAD_DEBT') GROUP BY currency
  UNION ALL
  SELECT currency, 0, 0, sum(due_minor), sum(written_off_minor) FROM recoveries WHERE tenant_id = $1 GROUP BY currency
  UNION ALL
  SELECT currency, 0, 0, sum(accepted_minor), sum(written_off_minor) FROM carrier_claims
  WHERE tenant_id = $1 GROUP BY currency
  UNION ALL
  SELECT currency, 0, 0, sum(amount_minor), 0 FROM reimbursements
  WHERE tenant_id = $1 AND withdrawn_at IS NULL GROUP BY currency
), sums AS (
  SELECT currency, coalesce(sum(booked), 0) AS booked, coalesce(sum(given_up), 0) AS given_up, sum(owed) AS owed,
    sum(written_off) AS written_off FROM sides GROUP BY currency
), off AS (
  SELECT currency || ': recovered and charged ' || booked || ' against ' || owed || ', given up ' || given_up
    || ' against ' || written_off AS what
  FROM sums WHERE (booked, given_up) <> (owed, written_off) LIMIT $2
)
SELECT (SELECT count(*) FROM sums) AS looked_at, (SELECT array_agg(what) FROM off) AS broken
"""
"""What is charged and recovered is a part of what buyers were given; the rest is the platform's own loss, by the
balance of every transfer."""
