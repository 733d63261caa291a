-- A marketplace with many buyers on level 1: each bought a few times within the last year, in three currencies; every
-- twentieth reaches a higher level. $tenant and $count are replaced.

INSERT INTO organisations (tenant_id, id, kind, name, created_at, version)
SELECT '$tenant', 'org_' || lpad(n::text, 26, '0'), 'buyer', 'Buyer ' || n, now() - interval '400 days', 1
FROM generate_series(1, $count) n;

INSERT INTO buyers (tenant_id, id, organisation_id, name, country, level, level_since, registered_at, version)
SELECT '$tenant', 'buy_' || lpad(n::text, 26, '0'), 'org_' || lpad(n::text, 26, '0'), 'Buyer ' || n, 'US', 1,
  now() - interval '400 days', now() - interval '400 days', 1
FROM generate_series(1, $count) n;

INSERT INTO organisations (tenant_id, id, kind, name, created_at, version)
VALUES ('$tenant', 'org_' || repeat('7', 26), 'supplier', 'Supplier', now(), 1);
INSERT INTO suppliers (tenant_id, id, organisation_id, name, country, sees_exact_tiers, registered_at, version)
VALUES ('$tenant', 'sup_' || repeat('7', 26), 'org_' || repeat('7', 26), 'Supplier', 'CN', false, now(), 1);

INSERT INTO exchange_rates (tenant_id, id, base, quote, day, rate, source, recorded_at, version)
SELECT '$tenant', 'fxr_' || lpad(row_number() OVER ()::text, 26, '0'), base, 'USD', day::date, rate, 'bench', now(), 1
FROM generate_series(now() - interval '380 days', now(), interval '1 day') day,
  (VALUES ('EUR', 1.08), ('CNY', 0.14)) rates (base, rate);

INSERT INTO orders (tenant_id, id, reference, buyer_id, supplier_id, state, total_minor, refunded_minor, currency,
  country, placed_at, paid_at, completed_at, version)
SELECT '$tenant', 'ord_' || lpad((n * 10 + o)::text, 26, '0'), 'O-' || n || '-' || o, 'buy_' || lpad(n::text, 26, '0'),
  'sup_' || repeat('7', 26), 'COMPLETED',
  CASE WHEN n % 20 = 0 THEN 5000000 ELSE 1000 * (1 + n % 97) END, 0,
  (ARRAY['USD', 'EUR', 'CNY'])[1 + (n + o) % 3], 'US', paid, paid, paid + interval '5 days', 1
FROM generate_series(1, $count) n, generate_series(1, 5) o,
  LATERAL (SELECT now() - (10 + (n * 31 + o * 67) % 340) * interval '1 day' AS paid) p;

ANALYZE;
