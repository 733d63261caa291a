-- Refunds in $transfers transfers, decided and paid by turns over a year, caused by one decision; then what the
-- accounts and their days hold of them. Two entries each, written one after the other as posting writes them.
INSERT INTO decisions (tenant_id, id, subject_id, kind, holds, at, decided_by, rule_version_ids, tree)
VALUES ('$tenant', 'dec_' || repeat('0', 26), '$tenant', 'COMPENSATION', true, now(), 'system:bench', '{}', '{}');

INSERT INTO ledger_accounts (tenant_id, id, name, currency, stripe, balance_minor, opened_at)
SELECT '$tenant', 'acc_' || lpad((k * 16 + s)::text, 26, '0'),
  (ARRAY['COMPENSATION_EXPENSE', 'REFUND_CLEARING', 'CASH_CLEARING'])[k + 1], 'USD', s, 0, now() - interval '2 years'
FROM generate_series(0, 2) k, generate_series(0, 15) s;

INSERT INTO ledger_transfers (tenant_id, id, event, at, decision_id)
SELECT '$tenant', 'tfr_' || lpad(n::text, 26, '0'), (ARRAY['REFUND_DECIDED', 'REFUND_PAID'])[n % 2 + 1],
  date_trunc('day', now()) - interval '365 days' + n * (interval '365 days' / ($transfers + 1)),
  'dec_' || repeat('0', 26)
FROM generate_series(0, $transfers - 1) n;

INSERT INTO ledger_entries (tenant_id, transfer_id, position, account_id, amount_minor, currency, at)
SELECT '$tenant', 'tfr_' || lpad(n::text, 26, '0'), p,
  'acc_' || lpad(((n % 2 + p) * 16 + n / 2 % 16)::text, 26, '0'), CASE p WHEN 0 THEN 1000 ELSE -1000 END, 'USD',
  date_trunc('day', now()) - interval '365 days' + n * (interval '365 days' / ($transfers + 1))
FROM generate_series(0, $transfers - 1) n CROSS JOIN LATERAL (VALUES (0), (1)) e (p);

INSERT INTO ledger_days (tenant_id, account_id, day, currency, amount_minor)
SELECT tenant_id, account_id, (at AT TIME ZONE 'UTC')::date, currency, sum(amount_minor)
FROM ledger_entries WHERE tenant_id = '$tenant' GROUP BY 1, 2, 3, 4;

UPDATE ledger_accounts a SET balance_minor = d.minor
FROM (SELECT account_id, sum(amount_minor) AS minor FROM ledger_days WHERE tenant_id = '$tenant' GROUP BY 1) d
WHERE a.tenant_id = '$tenant' AND a.id = d.account_id;
