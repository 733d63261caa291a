-- $count orders of one line with a cover each, of the parties of parties.sql. $tenant and $rule are put in by the bench.

CREATE OR REPLACE FUNCTION pg_temp.id(prefix text, number bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN prefix || '_' || lpad(number::text, 26, '0');

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
