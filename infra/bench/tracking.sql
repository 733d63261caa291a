-- 8 providers with 40,000 shipments of one line each, booked and promised, with the two clocks that a shipment has.
-- $tenant is put in by the bench; ids are numbers in 26 digits.

CREATE FUNCTION pg_temp.id(prefix text, number bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN prefix || '_' || lpad(number::text, 26, '0');

INSERT INTO organisations (tenant_id, id, kind, name, created_at, version)
SELECT '$tenant', pg_temp.id('org', n), CASE WHEN n <= 8 THEN 'provider' WHEN n = 9 THEN 'buyer' ELSE 'supplier' END,
  'Organisation ' || n, now() - interval '2 years', 1
FROM generate_series(1, 10) n;

INSERT INTO providers (tenant_id, id, organisation_id, reference, name, country, kind, state, state_since, registered_at,
  activated_at, version)
SELECT '$tenant', pg_temp.id('prv', n), pg_temp.id('org', n), 'P-' || n, 'Provider ' || n, 'DE', 'EXPRESS_COURIER', 'ACTIVE',
  now(), now(), now(), 1
FROM generate_series(1, 8) n;

INSERT INTO buyers (tenant_id, id, organisation_id, reference, name, country, level, level_since, registered_at, version)
VALUES ('$tenant', pg_temp.id('buy', 1), pg_temp.id('org', 9), 'B-1', 'Buyer', 'US', 0, now(), now(), 1);

INSERT INTO suppliers (tenant_id, id, organisation_id, reference, name, country, sees_exact_tiers, registered_at, version)
VALUES ('$tenant', pg_temp.id('sup', 1), pg_temp.id('org', 10), 'S-1', 'Supplier', 'CN', false, now(), 1);

INSERT INTO orders (tenant_id, id, reference, buyer_id, supplier_id, state, total_minor, refunded_minor, currency, country,
  guarantee_ids, placed_at, paid_at, version)
SELECT '$tenant', pg_temp.id('ord', n), 'O-' || n, pg_temp.id('buy', 1), pg_temp.id('sup', 1), 'PAID',
  250000, 0, 'USD', 'US', '{}', now() - interval '10 days', now() - interval '10 days', 2
FROM generate_series(1, 40000) n;

INSERT INTO shipments (tenant_id, id, reference, order_id, provider_id, mode, state, promised_at, recorded_at, version,
  tracking_number)
SELECT '$tenant', pg_temp.id('shp', n), 'T-' || n, pg_temp.id('ord', n), pg_temp.id('prv', n % 8 + 1), 'EXPRESS', 'BOOKED',
  now() + interval '5 days', now() - interval '9 days', 1, 'NUMBER' || n
FROM generate_series(1, 40000) n;

INSERT INTO order_lines (tenant_id, id, order_id, position, description, quantity, value_minor, currency, serviced, promised_at,
  shipment_id)
SELECT '$tenant', pg_temp.id('lin', n), pg_temp.id('ord', n), 1, 'Machine', 1, 250000, 'USD', false, now() + interval '5 days',
  pg_temp.id('shp', n)
FROM generate_series(1, 40000) n;

INSERT INTO clocks (tenant_id, id, subject_id, duty, party_id, due_at, calendar, state, started_at, version)
SELECT '$tenant', pg_temp.id('clk', 2 * n + d), pg_temp.id('shp', n), CASE d WHEN 0 THEN 'NO_MOVEMENT' ELSE 'PRESUME_LOST' END,
  pg_temp.id('prv', n % 8 + 1), now() + CASE d WHEN 0 THEN interval '7 days' ELSE interval '35 days' END, 'US', 'RUNNING',
  now(), 1
FROM generate_series(1, 40000) n, generate_series(0, 1) d;

ANALYZE;
