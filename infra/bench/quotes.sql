-- Providers $first to $last, each with one service of 25 lanes and a price list in force: ten brackets in each of its
-- $zones zones, four surcharges. Lanes go from fifty places in $origin to fifty in $destination, the same number each
-- way. A tenth has a record of 90 days. Ids are numbers in 26 digits.

CREATE FUNCTION pg_temp.id(prefix text, number bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN prefix || '_' || lpad(number::text, 26, '0');

CREATE FUNCTION pg_temp.place(country text, number bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN country || 'B' || chr((65 + number / 26)::integer) || chr((65 + number % 26)::integer);

INSERT INTO organisations (tenant_id, id, kind, name, created_at, version)
SELECT '$tenant', pg_temp.id('org', n), 'provider', 'Provider ' || n, now() - interval '2 years', 1
FROM generate_series($first, $last) n;

INSERT INTO providers (tenant_id, id, organisation_id, name, country, kind, state, state_since, activated_at, vouched_by,
  registered_at, version)
SELECT '$tenant', pg_temp.id('prv', n), pg_temp.id('org', n), 'Provider ' || n, 'DE', 'FORWARDER', 'ACTIVE', now(), now(),
  'system:bench', now(), 1
FROM generate_series($first, $last) n;

INSERT INTO services (tenant_id, id, provider_id, mode, level, title, description, incoterms, dangerous_goods,
  weight_grams_max, markets, state, created_at, listed_at, version)
SELECT '$tenant', pg_temp.id('svc', n), pg_temp.id('prv', n), (ARRAY['AIR', 'EXPRESS', 'SEA_LCL', 'TRUCK'])[n % 4 + 1],
  'STANDARD', 'Freight', '', '{FCA,DAP,DDP}', '{CLASS_9}', 500000 + n % 7 * 100000, '{}', 'LISTED', now(), now(), 1
FROM generate_series($first, $last) n;

INSERT INTO lanes (tenant_id, id, service_id, provider_id, mode, origin_key, destination_key, origin_country,
  destination_country, transit_days_min, transit_days_max, handling_days, cut_off, cut_off_zone, zone, state, sellable,
  added_at, version)
SELECT '$tenant', pg_temp.id('lan', n * 25 + k), pg_temp.id('svc', n), pg_temp.id('prv', n),
  (ARRAY['AIR', 'EXPRESS', 'SEA_LCL', 'TRUCK'])[n % 4 + 1], pg_temp.place('$origin', (n * 25 + k) % 2500 / 50),
  pg_temp.place('$destination', (n * 25 + k) % 50), '$origin', '$destination', 2, 3 + n % 30, n % 3, '17:00',
  'Asia/Shanghai', 'Z' || k % $zones, 'ACTIVE', true, now(), 1
FROM generate_series($first, $last) n, generate_series(0, 24) k;

INSERT INTO rate_sheets (tenant_id, id, service_id, provider_id, number, title, currency, valid_from, state, rate_count,
  surcharge_count, drafted_at, activated_at, version)
SELECT '$tenant', pg_temp.id('rsh', n), pg_temp.id('svc', n), pg_temp.id('prv', n), 1, 'Prices', 'USD',
  now() - interval '30 days', 'ACTIVE', $zones * 10, 4, now(), now(), 1
FROM generate_series($first, $last) n;

INSERT INTO rates (tenant_id, id, rate_sheet_id, line, zone, measure, at_least, below, flat, price, minimum_minor, currency)
SELECT '$tenant', pg_temp.id('rat', (n * 25 + z) * 10 + b), pg_temp.id('rsh', n), z * 10 + b + 1, 'Z' || z, 'WEIGHT',
  CASE b WHEN 0 THEN 0 ELSE 5000 * 2 ^ b END::bigint, CASE b WHEN 9 THEN NULL ELSE 5000 * 2 ^ (b + 1) END::bigint, false,
  2 + (n % 97) * 0.03 + (9 - b) * 0.15, 4500, 'USD'
FROM generate_series($first, $last) n, generate_series(0, $zones - 1) z, generate_series(0, 9) b;

INSERT INTO surcharges (tenant_id, id, rate_sheet_id, position, kind, charge, basis_points, amount, minimum_minor, currency,
  valid_from, valid_until, zones, area_keys, dangerous_goods, weight_grams_above, length_mm_above)
SELECT '$tenant', pg_temp.id('sur', n * 4 + s.position - 1), pg_temp.id('rsh', n), s.position, s.kind, s.charge,
  s.basis_points, s.amount, s.minimum, 'USD', s.since, s.until, '{}', s.areas, '{}', s.heavier, s.longer
FROM generate_series($first, $last) n, (VALUES
  (1, 'FUEL', 'SHARE', 1825, NULL::numeric, NULL::bigint, NULL::timestamptz, NULL::timestamptz, '{}'::text[], NULL::bigint, NULL::bigint),
  (2, 'REMOTE_AREA', 'PER_SHIPMENT', NULL, 35, NULL, NULL, NULL, '{US~995,US~996,US~967,US~969}', NULL, NULL),
  (3, 'OVERSIZE', 'PER_PIECE', NULL, 28.5, NULL, NULL, NULL, '{}', 70000, 1200),
  (4, 'PEAK', 'PER_KG', NULL, 0.12, NULL, now() - interval '20 days', now() + interval '40 days', '{}', NULL, NULL)
) s (position, kind, charge, basis_points, amount, minimum, since, until, areas, heavier, longer);

INSERT INTO provider_days (tenant_id, provider_id, day, mode, stripe, recorded, tracked, cancelled, lost, pickups_due,
  picked_up_late, promised, kept, attempted, late_1, late_2, late_3, late_7, late_14, late_30, late_more, late_days, delivered)
SELECT '$tenant', pg_temp.id('prv', n), (now() AT TIME ZONE 'UTC')::date - d, 'AIR', 0, 4, 4, 0, 0, 0, 0, 4, 3, 0, 1, 0, 0, 0,
  0, 0, 0, 1, 4
FROM generate_series($first, $last) n, generate_series(1, 90) d WHERE n % 10 = 0;
