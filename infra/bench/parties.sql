-- 20,000 buyers on $levels levels in turn, 2,000 providers, 100 suppliers; ids are numbers in 26 digits.

CREATE FUNCTION pg_temp.id(prefix text, number bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN prefix || '_' || lpad(number::text, 26, '0');

INSERT INTO organisations (tenant_id, id, kind, name, created_at, version)
SELECT '$tenant', pg_temp.id('org', n), CASE WHEN n <= 20000 THEN 'buyer' WHEN n <= 22000 THEN 'provider' ELSE 'supplier' END,
  'Organisation ' || n, now() - interval '2 years', 1
FROM generate_series(1, 22100) n;

INSERT INTO buyers (tenant_id, id, organisation_id, reference, name, country, level, level_since, registered_at, version)
SELECT '$tenant', pg_temp.id('buy', n), pg_temp.id('org', n), 'B-' || n, 'Buyer ' || n, 'US', n % $levels, now(), now(), 1
FROM generate_series(1, 20000) n;

INSERT INTO providers (tenant_id, id, organisation_id, reference, name, country, kind, state, state_since, activated_at,
  vouched_by, registered_at, version)
SELECT '$tenant', pg_temp.id('prv', n), pg_temp.id('org', 20000 + n), 'P-' || n, 'Provider ' || n, 'DE', 'FORWARDER', 'ACTIVE',
  now(), now(), 'system:bench', now() - n * interval '1 minute', 1
FROM generate_series(1, 2000) n;

INSERT INTO suppliers (tenant_id, id, organisation_id, reference, name, country, sees_exact_tiers, registered_at, version)
SELECT '$tenant', pg_temp.id('sup', n), pg_temp.id('org', 22000 + n), 'S-' || n, 'Supplier ' || n, 'CN', false, now(), 1
FROM generate_series(1, 100) n;
