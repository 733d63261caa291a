-- Penalty points as accounts of parties, and the measures that follow from them (domain/points.py, domain/measures.py).

-- One row per party that was ever given points: whoever gives or takes points holds it, so that acts of one instant are
-- judged one after the other.
CREATE TABLE points_accounts (
  tenant_id text COLLATE "C" NOT NULL,
  party_id  text COLLATE "C" NOT NULL CHECK (party_id LIKE 'sup\__%' OR party_id LIKE 'prv\__%'),
  PRIMARY KEY (tenant_id, party_id)
);
CALL protect('points_accounts');

CREATE TABLE points_entries (
  tenant_id        text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL CHECK (id LIKE 'pte\__%'),
  supplier_id      text COLLATE "C",
  provider_id      text COLLATE "C",
  state            text NOT NULL
    CHECK (state IN ('PENDING_NOTICE', 'IN_FORCE', 'SUSPENDED_BY_APPEAL', 'REVERSED', 'EXPIRED')),
  violations       text[] NOT NULL CHECK (cardinality(violations) > 0),
  points           bigint NOT NULL CHECK (points >= 0),
  strikes          bigint NOT NULL CHECK (strikes >= 0),
  fraud            boolean NOT NULL,
  cause            text NOT NULL,                -- a word of domain/points.py
  cause_id         text COLLATE "C" NOT NULL,    -- what the points are for
  cause_part       bigint NOT NULL,
  facts            text,                         -- the party reads them
  upload_ids       text[] NOT NULL,
  automated        boolean NOT NULL,             -- no person decided
  rule_version_id  text COLLATE "C" NOT NULL,
  decision_id      text COLLATE "C" NOT NULL,
  occurred_at      timestamptz NOT NULL,
  given_at         timestamptz NOT NULL,
  in_force_at      timestamptz NOT NULL,
  expires_at       timestamptz NOT NULL,
  appealable_until timestamptz NOT NULL,
  ended_at         timestamptz,
  end_reason       text,
  version          integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(supplier_id, provider_id) = 1),
  CHECK ((state IN ('REVERSED', 'EXPIRED')) = (ended_at IS NOT NULL)),
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions,
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions
);
-- A party is given points for one thing once.
CREATE UNIQUE INDEX points_entries_once
  ON points_entries (tenant_id, coalesce(supplier_id, provider_id), cause, cause_id, cause_part);
CREATE INDEX points_entries_cause ON points_entries (tenant_id, cause_id, id);
CREATE INDEX points_entries_supplier ON points_entries (tenant_id, supplier_id, id);
CREATE INDEX points_entries_provider ON points_entries (tenant_id, provider_id, id);
CREATE INDEX points_entries_rule ON points_entries (tenant_id, rule_version_id);
CREATE INDEX points_entries_decision ON points_entries (tenant_id, decision_id);
CALL protect('points_entries');

-- The lines of the statement: by how much points and strikes moved. Their sum until an instant is the balance then.
CREATE TABLE points_movements (
  tenant_id text COLLATE "C" NOT NULL,
  id        text COLLATE "C" NOT NULL CHECK (id LIKE 'pmv\__%'),
  entry_id  text COLLATE "C" NOT NULL,
  party_id  text COLLATE "C" NOT NULL,
  kind      text NOT NULL,                       -- a word of domain/points.py
  points    bigint NOT NULL,
  strikes   bigint NOT NULL,
  at        timestamptz NOT NULL,
  note      text,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, entry_id) REFERENCES points_entries
);
CREATE INDEX points_movements_entry ON points_movements (tenant_id, entry_id, at, id);
CREATE INDEX points_movements_at ON points_movements (tenant_id, at, id);
CREATE INDEX points_movements_party ON points_movements (tenant_id, party_id, at, id);
CALL protect('points_movements', 'SELECT, INSERT');
CALL make_append_only('points_movements');

CREATE TABLE measures (
  tenant_id        text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL CHECK (id LIKE 'msr\__%'),
  supplier_id      text COLLATE "C",
  provider_id      text COLLATE "C",
  kind             text NOT NULL,                -- a word of domain/measures.py, as below
  basis            text NOT NULL,
  threshold        bigint NOT NULL,              -- points, strikes or failures
  effects          text[] NOT NULL,
  state            text NOT NULL CHECK (state IN ('ANNOUNCED', 'IN_FORCE', 'ENDED', 'LIFTED', 'CALLED_OFF')),
  entry_id         text COLLATE "C",             -- what brought it; null: a scorecard
  resumes_id       text COLLATE "C",             -- the measure that it takes up again
  automated        boolean NOT NULL,
  rule_version_id  text COLLATE "C" NOT NULL,
  decision_id      text COLLATE "C" NOT NULL,
  removed          text[] NOT NULL,              -- services taken off the shelf, programmes and bars
  announced_at     timestamptz NOT NULL,
  effective_at     timestamptz NOT NULL,
  until            timestamptz,                  -- its last instant; null: until it is lifted
  appealable_until timestamptz NOT NULL,
  ended_at         timestamptz,
  end_reason       text,
  version          integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(supplier_id, provider_id) = 1),
  CHECK ((state IN ('ENDED', 'LIFTED', 'CALLED_OFF')) = (ended_at IS NOT NULL)),
  CHECK ((basis = 'SCORECARD') = (entry_id IS NULL)),
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, entry_id) REFERENCES points_entries,
  FOREIGN KEY (tenant_id, resumes_id) REFERENCES measures,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions,
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions
);
CREATE INDEX measures_supplier ON measures (tenant_id, supplier_id, id);
CREATE INDEX measures_provider ON measures (tenant_id, provider_id, id);
CREATE INDEX measures_entry ON measures (tenant_id, entry_id, id);
CREATE INDEX measures_resumes ON measures (tenant_id, resumes_id);
CREATE INDEX measures_rule ON measures (tenant_id, rule_version_id);
CREATE INDEX measures_decision ON measures (tenant_id, decision_id);
CALL protect('measures');

-- What is counted of parties by calendar month and quarter (domain/counters.py).
CREATE TABLE party_counters (
  tenant_id   text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL CHECK (id LIKE 'pct\__%'),
  supplier_id text COLLATE "C",
  provider_id text COLLATE "C",
  kind        text NOT NULL,                     -- a word of domain/counters.py
  period      date NOT NULL,                     -- the first local day of the month or quarter
  count       bigint NOT NULL CHECK (count >= 0),
  steps       bigint NOT NULL CHECK (steps >= 0), -- those that were penalised
  version     integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(supplier_id, provider_id) = 1),
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
CREATE UNIQUE INDEX party_counters_period
  ON party_counters (tenant_id, coalesce(supplier_id, provider_id), kind, period);
CREATE INDEX party_counters_supplier ON party_counters (tenant_id, supplier_id, id);
CREATE INDEX party_counters_provider ON party_counters (tenant_id, provider_id, id);
CALL protect('party_counters');

CREATE TABLE counted_items (
  tenant_id   text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL CHECK (id LIKE 'cti\__%'),
  counter_id  text COLLATE "C" NOT NULL,
  party_id    text COLLATE "C" NOT NULL,
  kind        text NOT NULL,
  reference   text COLLATE "C" NOT NULL,         -- an address of a listing, an order's id
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, party_id, kind, reference),
  FOREIGN KEY (tenant_id, counter_id) REFERENCES party_counters
);
CREATE INDEX counted_items_counter ON counted_items (tenant_id, counter_id, id);
CALL protect('counted_items', 'SELECT, INSERT');
CALL make_append_only('counted_items');

-- Scorecards: what happened between a party and its buyers, counted as it happens (domain/scorecards.py).
--
-- Orders, shipments, claims and appeals give occasion, which is many writers; so the counters are moved by triggers on
-- their tables, once per statement, in the transaction that gives occasion. storage/scorecards.py holds them to a
-- recomputation from the same tables. Rows of a day are striped like those of provider_days, and for the same reason.

-- The orders of a party: a supplier's from their payment on, a provider's from their first shipment with it on.
CREATE TABLE party_orders (
  tenant_id text COLLATE "C" NOT NULL,
  party_id  text COLLATE "C" NOT NULL,
  order_id  text COLLATE "C" NOT NULL,
  buyer_id  text COLLATE "C" NOT NULL,
  day       date NOT NULL,                       -- of UTC
  PRIMARY KEY (tenant_id, party_id, order_id)
);
CREATE INDEX party_orders_day ON party_orders (tenant_id, party_id, day, buyer_id);
CALL protect('party_orders');

CREATE TABLE party_days (
  tenant_id    text COLLATE "C" NOT NULL,
  party_id     text COLLATE "C" NOT NULL,
  day          date NOT NULL,                    -- of UTC
  stripe       smallint NOT NULL,
  orders       integer NOT NULL,
  cancelled    integer NOT NULL,
  defects      integer NOT NULL,
  asked        integer NOT NULL,
  replied_12   integer NOT NULL,
  replied_24   integer NOT NULL,
  replied_48   integer NOT NULL,
  replied_late integer NOT NULL,
  PRIMARY KEY (tenant_id, party_id, day, stripe)
) WITH (fillfactor = 70);
CALL protect('party_days');

-- Claims that an appeal took out of the score of their party: they are no defects from then on.
CREATE TABLE scorecard_exclusions (
  tenant_id   text COLLATE "C" NOT NULL,
  claim_id    text COLLATE "C" NOT NULL,
  reason      text NOT NULL,
  excluded_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, claim_id),
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims
);
CALL protect('scorecard_exclusions', 'SELECT, INSERT');
CALL make_append_only('scorecard_exclusions');

-- Whether a claim of that outcome and those shares counts against its party: decided against it, and it bears a part.
CREATE FUNCTION is_defect(outcome text, shares jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(outcome IN ('GRANTED', 'PARTLY'), false)
    AND coalesce((shares ->> 'SUPPLIER')::integer, 0) + coalesce((shares ->> 'PROVIDER')::integer, 0) > 0
$$;

CREATE TYPE party_count AS (
  tenant_id text, party_id text, day date, orders integer, cancelled integer, defects integer, asked integer,
  replied_12 integer, replied_24 integer, replied_48 integer, replied_late integer
);

CREATE FUNCTION move_party_days(moved party_count[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO party_days AS d
  SELECT m.tenant_id, m.party_id, m.day, pg_backend_pid() % 8, sum(m.orders), sum(m.cancelled), sum(m.defects),
    sum(m.asked), sum(m.replied_12), sum(m.replied_24), sum(m.replied_48), sum(m.replied_late)
  FROM unnest(moved) m GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
  ON CONFLICT (tenant_id, party_id, day, stripe) DO UPDATE SET
    orders = d.orders + excluded.orders, cancelled = d.cancelled + excluded.cancelled,
    defects = d.defects + excluded.defects, asked = d.asked + excluded.asked,
    replied_12 = d.replied_12 + excluded.replied_12, replied_24 = d.replied_24 + excluded.replied_24,
    replied_48 = d.replied_48 + excluded.replied_48, replied_late = d.replied_late + excluded.replied_late
$$;

-- Orders are a supplier's from their payment on; one that is cancelled then was called off before it was fulfilled.
CREATE FUNCTION score_new_orders() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moved party_count[];
BEGIN
  WITH bought AS (
    INSERT INTO party_orders
    SELECT n.tenant_id, n.supplier_id, n.id, n.buyer_id, (n.paid_at AT TIME ZONE 'UTC')::date
    FROM new_rows n WHERE n.paid_at IS NOT NULL ON CONFLICT DO NOTHING RETURNING tenant_id, party_id, day
  )
  SELECT array_agg((tenant_id, party_id, day, 1, 0, 0, 0, 0, 0, 0, 0)::party_count) INTO moved FROM bought;
  moved := moved || (SELECT array_agg((n.tenant_id, n.supplier_id, (n.paid_at AT TIME ZONE 'UTC')::date,
    0, 1, 0, 0, 0, 0, 0, 0)::party_count) FROM new_rows n WHERE n.paid_at IS NOT NULL AND n.state = 'CANCELLED');
  IF moved IS NOT NULL THEN PERFORM move_party_days(moved); END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION score_changed_orders() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moved party_count[];
BEGIN
  WITH bought AS (
    INSERT INTO party_orders
    SELECT n.tenant_id, n.supplier_id, n.id, n.buyer_id, (n.paid_at AT TIME ZONE 'UTC')::date
    FROM new_rows n JOIN old_rows o USING (tenant_id, id) WHERE n.paid_at IS NOT NULL AND o.paid_at IS NULL
    ON CONFLICT DO NOTHING RETURNING tenant_id, party_id, day
  )
  SELECT array_agg((tenant_id, party_id, day, 1, 0, 0, 0, 0, 0, 0, 0)::party_count) INTO moved FROM bought;
  moved := moved || (SELECT array_agg((n.tenant_id, n.supplier_id, (n.paid_at AT TIME ZONE 'UTC')::date,
    0, 1, 0, 0, 0, 0, 0, 0)::party_count) FROM new_rows n JOIN old_rows o USING (tenant_id, id)
    WHERE n.paid_at IS NOT NULL AND n.state = 'CANCELLED' AND o.state <> 'CANCELLED');
  IF moved IS NOT NULL THEN PERFORM move_party_days(moved); END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION score_new_shipments() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moved party_count[];
BEGIN
  WITH carried AS (
    INSERT INTO party_orders
    SELECT DISTINCT ON (n.tenant_id, n.provider_id, n.order_id)
      n.tenant_id, n.provider_id, n.order_id, o.buyer_id, (n.recorded_at AT TIME ZONE 'UTC')::date
    FROM new_rows n JOIN orders o ON o.tenant_id = n.tenant_id AND o.id = n.order_id
    ORDER BY n.tenant_id, n.provider_id, n.order_id, n.recorded_at
    ON CONFLICT DO NOTHING RETURNING tenant_id, party_id, day
  )
  SELECT array_agg((tenant_id, party_id, day, 1, 0, 0, 0, 0, 0, 0, 0)::party_count) INTO moved FROM carried;
  IF moved IS NOT NULL THEN PERFORM move_party_days(moved); END IF;
  RETURN NULL;
END $$;

-- Claims count on the day they were opened: as a question where somebody asked, as a defect once decided so.
CREATE FUNCTION score_new_claims() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moved party_count[];
BEGIN
  SELECT array_agg((n.tenant_id, coalesce(n.supplier_id, n.provider_id), (n.opened_at AT TIME ZONE 'UTC')::date,
    0, 0, is_defect(n.outcome, n.shares)::integer, (n.origin = 'APPLICATION')::integer, 0, 0, 0, 0)::party_count)
  INTO moved FROM new_rows n WHERE n.origin = 'APPLICATION' OR is_defect(n.outcome, n.shares);
  IF moved IS NOT NULL THEN PERFORM move_party_days(moved); END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION score_changed_claims() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moved party_count[];
BEGIN
  SELECT array_agg((n.tenant_id, coalesce(n.supplier_id, n.provider_id), (n.opened_at AT TIME ZONE 'UTC')::date,
    0, 0, is_defect(n.outcome, n.shares)::integer - is_defect(o.outcome, o.shares)::integer, 0, 0, 0, 0, 0)::party_count)
  INTO moved FROM new_rows n JOIN old_rows o USING (tenant_id, id)
  WHERE is_defect(n.outcome, n.shares) <> is_defect(o.outcome, o.shares)
    AND NOT EXISTS (SELECT FROM scorecard_exclusions x WHERE x.tenant_id = n.tenant_id AND x.claim_id = n.id);
  IF moved IS NOT NULL THEN PERFORM move_party_days(moved); END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION score_exclusions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moved party_count[];
BEGIN
  SELECT array_agg((c.tenant_id, coalesce(c.supplier_id, c.provider_id), (c.opened_at AT TIME ZONE 'UTC')::date,
    0, 0, -1, 0, 0, 0, 0, 0)::party_count)
  INTO moved FROM new_rows n JOIN claims c ON c.tenant_id = n.tenant_id AND c.id = n.claim_id
  WHERE is_defect(c.outcome, c.shares);
  IF moved IS NOT NULL THEN PERFORM move_party_days(moved); END IF;
  RETURN NULL;
END $$;

-- A party replies with the first thing it does on a claim that a buyer opened.
CREATE FUNCTION score_claim_events() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moved party_count[];
BEGIN
  SELECT array_agg((c.tenant_id, coalesce(c.supplier_id, c.provider_id), (c.opened_at AT TIME ZONE 'UTC')::date,
    0, 0, 0, 0, (w.waited <= interval '12 hours')::integer,
    (w.waited > interval '12 hours' AND w.waited <= interval '24 hours')::integer,
    (w.waited > interval '24 hours' AND w.waited <= interval '48 hours')::integer,
    (w.waited > interval '48 hours')::integer)::party_count)
  INTO moved FROM new_rows n JOIN claims c ON c.tenant_id = n.tenant_id AND c.id = n.claim_id
  CROSS JOIN LATERAL (SELECT n.at - c.opened_at AS waited) w
  WHERE n.actor = 'LIABLE_PARTY' AND c.origin = 'APPLICATION' AND NOT EXISTS (
    SELECT FROM claim_events e WHERE e.tenant_id = n.tenant_id AND e.claim_id = n.claim_id AND e.actor = 'LIABLE_PARTY'
      AND (e.at, e.id) < (n.at, n.id));
  IF moved IS NOT NULL THEN PERFORM move_party_days(moved); END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER score_new AFTER INSERT ON orders REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION score_new_orders();
CREATE TRIGGER score_changed AFTER UPDATE ON orders REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION score_changed_orders();
CREATE TRIGGER score_new AFTER INSERT ON shipments REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION score_new_shipments();
CREATE TRIGGER score_new AFTER INSERT ON claims REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION score_new_claims();
CREATE TRIGGER score_changed AFTER UPDATE ON claims REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION score_changed_claims();
CREATE TRIGGER score_new AFTER INSERT ON claim_events REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION score_claim_events();
CREATE TRIGGER score_new AFTER INSERT ON scorecard_exclusions REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION score_exclusions();

-- What happened before there were scorecards.
INSERT INTO party_orders
SELECT tenant_id, supplier_id, id, buyer_id, (paid_at AT TIME ZONE 'UTC')::date FROM orders WHERE paid_at IS NOT NULL;
INSERT INTO party_orders
SELECT DISTINCT ON (s.tenant_id, s.provider_id, s.order_id)
  s.tenant_id, s.provider_id, s.order_id, o.buyer_id, (s.recorded_at AT TIME ZONE 'UTC')::date
FROM shipments s JOIN orders o ON o.tenant_id = s.tenant_id AND o.id = s.order_id
ORDER BY s.tenant_id, s.provider_id, s.order_id, s.recorded_at
ON CONFLICT DO NOTHING;
SELECT move_party_days(array_agg((tenant_id, party_id, day, 1, 0, 0, 0, 0, 0, 0, 0)::party_count))
FROM party_orders HAVING count(*) > 0;
SELECT move_party_days(array_agg((tenant_id, supplier_id, (paid_at AT TIME ZONE 'UTC')::date,
  0, 1, 0, 0, 0, 0, 0, 0)::party_count))
FROM orders WHERE paid_at IS NOT NULL AND state = 'CANCELLED' HAVING count(*) > 0;
SELECT move_party_days(array_agg((tenant_id, coalesce(supplier_id, provider_id), (opened_at AT TIME ZONE 'UTC')::date,
  0, 0, is_defect(outcome, shares)::integer, (origin = 'APPLICATION')::integer, 0, 0, 0, 0)::party_count))
FROM claims HAVING count(*) > 0;
SELECT move_party_days(array_agg((tenant_id, party_id, day, 0, 0, 0, 0, (waited <= interval '12 hours')::integer,
  (waited > interval '12 hours' AND waited <= interval '24 hours')::integer,
  (waited > interval '24 hours' AND waited <= interval '48 hours')::integer,
  (waited > interval '48 hours')::integer)::party_count))
FROM (
  SELECT c.tenant_id, coalesce(c.supplier_id, c.provider_id) AS party_id, (c.opened_at AT TIME ZONE 'UTC')::date AS day,
    min(e.at) - c.opened_at AS waited
  FROM claims c JOIN claim_events e ON e.tenant_id = c.tenant_id AND e.claim_id = c.id AND e.actor = 'LIABLE_PARTY'
  WHERE c.origin = 'APPLICATION' GROUP BY c.tenant_id, c.id
) r HAVING count(*) > 0;

-- Why a quote came behind those of others when it was made; null where nothing put it there.
ALTER TABLE quotes ADD COLUMN demotion jsonb;
