"""Fees: what a doctor asks of them, each against its transfers."""

from typing import Final

LAW: Final = """
WITH booked AS (
  SELECT coalesce(t.membership_id, t.inspection_id) AS id,
    coalesce(sum(e.amount_minor) FILTER (WHERE a.name = 'PARTY_RECEIVABLE' AND e.amount_minor > 0), 0) AS charged,
    coalesce(-sum(e.amount_minor) FILTER (WHERE a.name = 'PARTY_RECEIVABLE' AND e.amount_minor < 0), 0) AS paid,
    coalesce(-sum(e.amount_minor) FILTER (WHERE t.event = 'INSPECTION_PREPAID'), 0) AS prepaid,
    coalesce(sum(e.amount_minor) FILTER (WHERE t.event = 'INSPECTION_PERFORMED'), 0) AS performed,
    coalesce(sum(e.amount_minor) FILTER (WHERE t.event = 'INSPECTION_RETURNED'), 0) AS returned
  FROM ledger_transfers t JOIN ledger_entries e ON e.tenant_id = t.tenant_id AND e.transfer_id = t.id
  JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
    AND a.name IN ('PARTY_RECEIVABLE', 'PREPAID_INSPECTIONS')
  WHERE t.tenant_id = $1 AND (t.membership_id IS NOT NULL OR t.inspection_id IS NOT NULL) GROUP BY 1
), fees AS (
  SELECT id, fee_minor AS charged, fee_minor AS paid, 0 AS prepaid, 0 AS performed, 0 AS returned
  FROM memberships WHERE tenant_id = $1 AND posted
  UNION ALL
  SELECT id, 0, 0, fee_minor, CASE state WHEN 'REPORTED' THEN fee_minor ELSE 0 END,
    CASE state WHEN 'LAPSED' THEN fee_minor ELSE 0 END
  FROM inspections WHERE tenant_id = $1 AND posted
), off AS (
  SELECT coalesce(f.id, b.id || ', which is not to be posted') || ': '
    || concat_ws(' ', f.charged, f.paid, f.prepaid, f.performed, f.returned)
    || ' (charged, paid, prepaid, performed, returned), booked '
    || concat_ws(' ', b.charged, b.paid, b.prepaid, b.performed, b.returned) AS what
  FROM fees f FULL JOIN booked b ON b.id = f.id
  WHERE (coalesce(f.charged, 0), coalesce(f.paid, 0), coalesce(f.prepaid, 0), coalesce(f.performed, 0),
      coalesce(f.returned, 0))
    <> (coalesce(b.charged, 0), coalesce(b.paid, 0), coalesce(b.prepaid, 0), coalesce(b.performed, 0),
      coalesce(b.returned, 0)) LIMIT $2
)
SELECT (SELECT count(*) FROM fees) AS looked_at, (SELECT array_agg(what) FROM off) AS broken
"""
"""What was recorded before fees were posted is in no transfer, and is not looked at."""
