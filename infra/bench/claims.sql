-- $count claims with five events each, on the orders and covers of covers.sql. $tenant, $rule and $procedure are put in by
-- the bench.
--
-- Of twenty claims twelve are closed, three granted with a living coupon, two wait for the provider's answer and three
-- for the desk, of those one in three with one of forty adjudicators. Deadlines are ends of days, as in real life, so
-- that thousands of claims are due at one instant and the buyer's priority decides between them.

CREATE OR REPLACE FUNCTION pg_temp.id(prefix text, number bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN prefix || '_' || lpad(number::text, 26, '0');

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
