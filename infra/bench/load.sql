-- 2,000 providers with 8,000 guarantees, 20,000 buyers, 100,000 orders, 200,000 claims, 600,000 claim events; and as many
-- orders again as W4 opens claims for. Parties are those of parties.sql. $tenant, $rule and $procedure are put in by the bench.

-- Three more rules like the on-time one, so that a provider can offer four guarantees.
INSERT INTO rule_versions (tenant_id, id, key, kind, number, title, published_at, effective_from, source, body, digest,
  published_by, version)
SELECT tenant_id, pg_temp.id('rul', n), key || '_' || n, kind, number, title, published_at, effective_from, source, body,
  digest, published_by, version
FROM rule_versions, generate_series(2, 4) n WHERE tenant_id = '$tenant' AND id = '$rule';

INSERT INTO guarantees (tenant_id, id, provider_id, rule_key, promise, title, state, offered_at, version)
SELECT '$tenant', pg_temp.id('gua', (p - 1) * 4 + g), pg_temp.id('prv', p),
  'guarantees/on_time' || CASE g WHEN 1 THEN '' ELSE '_' || g END, 'ON_TIME', 'On-time delivery', 'ACTIVE', now(), 1
FROM generate_series(1, 2000) p, generate_series(1, 4) g;

-- Orders 1 to 100,000 have two covers with a claim each; $spare further ones have one cover and no claim yet.
INSERT INTO orders (tenant_id, id, reference, buyer_id, supplier_id, state, total_minor, refunded_minor, currency, country,
  guarantee_ids, placed_at, paid_at, version)
SELECT '$tenant', pg_temp.id('ord', n), 'O-' || n, pg_temp.id('buy', n % 20000 + 1), pg_temp.id('sup', n % 100 + 1), 'PAID',
  250000, 0, 'USD', 'US', '{}', now() - interval '40 days', now() - interval '40 days', 1
FROM generate_series(1, 100000 + $spare) n;

INSERT INTO order_lines (tenant_id, id, order_id, position, description, quantity, value_minor, currency, serviced, promised_at)
SELECT '$tenant', pg_temp.id('lin', n), pg_temp.id('ord', n), 1, 'Machine', 1, 250000, 'USD', false, now() - interval '5 days'
FROM generate_series(1, 100000 + $spare) n;

INSERT INTO coverages (tenant_id, id, order_id, guarantee_id, buyer_id, provider_id, promise, state, rule_version_id, terms,
  promised_at, closes_at, in_force_at, version)
SELECT '$tenant', pg_temp.id('cov', c.n), pg_temp.id('ord', c.o), pg_temp.id('gua', (c.o % 2000) * 4 + c.k),
  pg_temp.id('buy', c.o % 20000 + 1), pg_temp.id('prv', c.o % 2000 + 1), 'ON_TIME',
  CASE WHEN c.n <= 200000 THEN 'CLAIMED' ELSE 'IN_FORCE' END, '$rule',
  jsonb_build_object('version', '$rule') || r.body, now() - interval '5 days', now() + interval '25 days',
  now() - interval '40 days', 1
FROM (SELECT n, (n - 1) / 2 + 1 AS o, (n - 1) % 2 + 1 AS k FROM generate_series(1, 200000) n
      UNION ALL SELECT 200000 + n, 100000 + n, 1 FROM generate_series(1, $spare) n) c,
  rule_versions r WHERE r.tenant_id = '$tenant' AND r.id = '$rule';

INSERT INTO claims (tenant_id, id, number, order_id, coverage_id, buyer_id, provider_id, reason, origin, state, outcome,
  base_minor, amount_minor, currency, rule_version_id, procedure_version_id, answer_due_at, escalation_opens_at,
  escalates_at, due_at, opened_at, updated_at, decided_at, ended_at, version, duty, silence, claimant_silence, final_at)
SELECT '$tenant', pg_temp.id('clm', n), 'C-' || n, pg_temp.id('ord', o), pg_temp.id('cov', n), pg_temp.id('buy', o % 20000 + 1),
  pg_temp.id('prv', o % 2000 + 1), 'LATE_DELIVERY', 'APPLICATION', state,
  CASE state WHEN 'CLOSED' THEN 'DENIED' END, 250000, 10000, 'USD', '$rule', '$procedure', due, due,
  due + interval '4 days', CASE WHEN state <> 'CLOSED' THEN due END, now() - n % 40000 * interval '1 minute', now(),
  CASE state WHEN 'CLOSED' THEN now() END, CASE state WHEN 'CLOSED' THEN now() END, 1,
  CASE state WHEN 'OPEN' THEN 'ANSWER_CLAIM' WHEN 'ESCALATED' THEN 'DECIDE_CLAIM' END, 'ESCALATE', 'CLOSE',
  CASE state WHEN 'CLOSED' THEN now() END
FROM (SELECT n, (n - 1) / 2 + 1 AS o, now() + n % 5000 * interval '1 minute' AS due,
        CASE n % 4 WHEN 0 THEN 'CLOSED' WHEN 1 THEN 'ESCALATED' ELSE 'OPEN' END AS state
      FROM generate_series(1, 200000) n) c;

INSERT INTO claim_events (tenant_id, id, claim_id, name, actor, note, at)
SELECT '$tenant', pg_temp.id('evt', n), pg_temp.id('clm', (n - 1) / 3 + 1), 'claim.opened', 'BUYER', NULL,
  now() - n % 3 * interval '1 hour'
FROM generate_series(1, 600000) n;

ANALYZE;
