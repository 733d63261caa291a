-- $count claims with five events each, on as many orders and covers, of the parties of parties.sql.
-- $tenant, $rule and $procedure are put in by the bench.
--
-- Of twenty claims twelve are closed, three granted with a living coupon, two wait for the provider's answer and three
-- for the desk, of those one in three with one of forty adjudicators. Deadlines are ends of days, as in real life, so
-- that thousands of claims are due at one instant and the buyer's priority decides between them.
--
-- Checks of foreign keys are left out while loading, and indexes are made afterwards: row by row both take most of the
-- time. What is loaded keeps every key, as the bench verifies by a sample.

SET session_replication_role = replica;
SET maintenance_work_mem = '256MB';

CREATE TEMP TABLE made_later AS
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS text FROM pg_index
WHERE indrelid IN ('orders'::regclass, 'order_lines'::regclass, 'coverages'::regclass, 'claims'::regclass,
    'claim_lines'::regclass, 'claim_events'::regclass)
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid);
DO $drop$ DECLARE made record; BEGIN
  FOR made IN SELECT name FROM made_later LOOP EXECUTE 'DROP INDEX ' || made.name; END LOOP;
END $drop$;

INSERT INTO guarantees (tenant_id, id, provider_id, rule_key, promise, title, state, offered_at, version)
SELECT '$tenant', pg_temp.id('gua', n), pg_temp.id('prv', n), 'guarantees/on_time', 'ON_TIME', 'On-time delivery', 'ACTIVE',
  now(), 1
FROM generate_series(1, 2000) n;

INSERT INTO orders (tenant_id, id, reference, buyer_id, supplier_id, state, total_minor, refunded_minor, currency, country,
  guarantee_ids, placed_at, paid_at, version)
SELECT '$tenant', pg_temp.id('ord', n), 'O-' || n, pg_temp.id('buy', n % 20000 + 1), pg_temp.id('sup', n % 100 + 1), 'PAID',
  250000, 0, 'USD', 'US', '{}', now() - interval '40 days', now() - interval '40 days', 1
FROM generate_series(1, $count) n;

INSERT INTO order_lines (tenant_id, id, order_id, position, description, quantity, value_minor, currency, serviced, promised_at)
SELECT '$tenant', pg_temp.id('lin', n), pg_temp.id('ord', n), 1, 'Machine', 1, 250000, 'USD', false, now() - interval '5 days'
FROM generate_series(1, $count) n;

INSERT INTO coverages (tenant_id, id, order_id, guarantee_id, buyer_id, provider_id, promise, state, rule_version_id, terms,
  promised_at, closes_at, in_force_at, version)
SELECT '$tenant', pg_temp.id('cov', n), pg_temp.id('ord', n), pg_temp.id('gua', n % 2000 + 1),
  pg_temp.id('buy', n % 20000 + 1), pg_temp.id('prv', n % 2000 + 1), 'ON_TIME', 'CLAIMED', '$rule',
  jsonb_build_object('version', '$rule') || r.body, now() - interval '5 days', now() + interval '25 days',
  now() - interval '40 days', 1
FROM generate_series(1, $count) n, rule_versions r WHERE r.tenant_id = '$tenant' AND r.id = '$rule';

INSERT INTO claims (tenant_id, id, number, order_id, coverage_id, buyer_id, provider_id, reason, origin, state, outcome,
  base_minor, amount_minor, currency, rule_version_id, procedure_version_id, answer_due_at, escalation_opens_at,
  escalates_at, due_at, opened_at, updated_at, decided_at, ended_at, version, duty, silence, claimant_silence, final_at,
  queue_rank, assignee_id, assigned_at)
SELECT '$tenant', pg_temp.id('clm', n), 'C-' || n, pg_temp.id('ord', n), pg_temp.id('cov', n), pg_temp.id('buy', n % 20000 + 1),
  pg_temp.id('prv', n % 2000 + 1), 'LATE_DELIVERY', 'APPLICATION', state,
  CASE state WHEN 'CLOSED' THEN 'DENIED' WHEN 'DECIDED' THEN 'GRANTED' END, 250000, 10000, 'USD', '$rule', '$procedure',
  due, due, due + interval '4 days', CASE WHEN state IN ('OPEN', 'ESCALATED') THEN due END,
  opened, opened, CASE WHEN state IN ('CLOSED', 'DECIDED') THEN opened END, CASE WHEN state = 'CLOSED' THEN opened END, 1,
  CASE state WHEN 'OPEN' THEN 'ANSWER_CLAIM' WHEN 'ESCALATED' THEN CASE n % 7 WHEN 0 THEN 'TAKE_UP_CLAIM' ELSE 'DECIDE_CLAIM' END END, 'ESCALATE', 'CLOSE',
  CASE WHEN state IN ('CLOSED', 'DECIDED') THEN opened END,
  -greatest(n % 20000 % 5 - 1, 0),
  CASE WHEN state = 'ESCALATED' AND n % 3 = 0 THEN pg_temp.id('mem', n % 40 + 1) END,
  CASE WHEN state = 'ESCALATED' AND n % 3 = 0 THEN now() END
FROM (
  SELECT n, now() - n % 40000 * interval '1 minute' AS opened,
    date_trunc('day', now()) + (n / 20 % 10 + 1) * interval '1 day' - interval '1 microsecond' AS due,
    CASE WHEN n % 20 < 12 THEN 'CLOSED' WHEN n % 20 < 15 THEN 'DECIDED' WHEN n % 20 < 17 THEN 'OPEN' ELSE 'ESCALATED' END AS state
  FROM generate_series(1, $count) n
) c;

INSERT INTO claim_lines (tenant_id, id, claim_id, position, line_id, loss_minor, requested_remedy, requested_minor, currency)
SELECT '$tenant', pg_temp.id('cll', n), pg_temp.id('clm', n), 1, pg_temp.id('lin', n), 10000, 'COUPON', 10000, 'USD'
FROM generate_series(1, $count) n;

INSERT INTO claim_events (tenant_id, id, claim_id, name, actor, note, at)
SELECT '$tenant', pg_temp.id('evt', n), pg_temp.id('clm', (n - 1) / 5 + 1),
  (ARRAY['claim.opened', 'claim.answer_overdue', 'claim.contested', 'claim.escalated', 'claim.evidence_finished'])[1 + n % 5],
  'BUYER', NULL, now() - n % 5 * interval '1 hour'
FROM generate_series(1::bigint, $count * 5::bigint) n;

DO $make$ DECLARE made record; BEGIN
  FOR made IN SELECT text FROM made_later LOOP EXECUTE made.text; END LOOP;
END $make$;

SET session_replication_role = origin;
