-- Providers' own records: what became of their shipments, counted by day (domain/records.py).

-- The counters are moved in the transaction that moves the shipment. A day has a row per mode and stripe; only the sum
-- over the stripes means anything, so a single row's counters may be below zero. No foreign key leads to providers: it
-- would let whoever counts wait for whoever holds the provider's row.
CREATE TABLE provider_days (
  tenant_id      text COLLATE "C" NOT NULL,
  provider_id    text COLLATE "C" NOT NULL CHECK (provider_id LIKE 'prv\__%'),
  day            date NOT NULL,                 -- of UTC; which day a counter belongs to: domain/records.py
  mode           text COLLATE "C" NOT NULL,     -- a word of domain/shipments.py
  stripe         smallint NOT NULL,
  recorded       integer NOT NULL,
  tracked        integer NOT NULL,
  cancelled      integer NOT NULL,
  lost           integer NOT NULL,
  pickups_due    integer NOT NULL,
  picked_up_late integer NOT NULL,
  promised       integer NOT NULL,
  kept           integer NOT NULL,
  attempted      integer NOT NULL,
  late_1         integer NOT NULL,
  late_2         integer NOT NULL,
  late_3         integer NOT NULL,
  late_7         integer NOT NULL,
  late_14        integer NOT NULL,
  late_30        integer NOT NULL,
  late_more      integer NOT NULL,
  late_days      integer NOT NULL,
  delivered      integer NOT NULL,
  PRIMARY KEY (tenant_id, provider_id, day, mode, stripe)
) WITH (fillfactor = 70);                       -- room beside a row for its next version: counters are updated often
CALL protect('provider_days');

-- What was shipped before there were counters. The doctor holds every later day to the same sums (storage/records.py).
INSERT INTO provider_days
  (tenant_id, provider_id, day, mode, stripe, recorded, tracked, cancelled, lost, pickups_due, picked_up_late, promised,
   kept, attempted, late_1, late_2, late_3, late_7, late_14, late_30, late_more, late_days, delivered)
SELECT s.tenant_id, s.provider_id, (c.at AT TIME ZONE 'UTC')::date, s.mode, 0,
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'recorded'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'tracked'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'cancelled'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'lost'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'pickups_due'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'picked_up_late'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'promised'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'kept'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'attempted'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'late_1'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'late_2'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'late_3'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'late_7'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'late_14'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'late_30'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'late_more'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'late_days'), 0),
  coalesce(sum(c.amount) FILTER (WHERE c.counter = 'delivered'), 0)
FROM shipments s
CROSS JOIN LATERAL (SELECT
  s.state = 'CANCELLED' AS cancelled,
  coalesce(s.delivered_at < s.recorded_at, false)
    OR (s.state = 'CANCELLED' AND coalesce(s.responsible IN ('SHIPPER', 'CONSIGNEE'), false)) AS void,
  num_nonnulls(s.picked_up_at, s.moved_at, s.attempted_at, s.delivered_at) > 0 AS moving,
  s.pickup_until_at IS NOT NULL AND s.state <> 'CANCELLED' AS awaited,
  s.promised_at IS NOT NULL AND s.state <> 'CANCELLED' AS promised,
  coalesce(s.delivered_at <= s.promised_at, false) AS kept,
  coalesce(s.attempted_at <= s.promised_at, false) AS attempted,
  ceil(extract(epoch FROM s.delivered_at - s.promised_at) / 86400)::integer AS late
) f
CROSS JOIN LATERAL (VALUES
  (s.recorded_at, 'recorded', 1, NOT void),
  (s.recorded_at, 'tracked', 1, NOT void AND NOT cancelled AND moving AND s.tracking_valid IS NOT FALSE),
  (s.recorded_at, 'cancelled', 1, NOT void AND cancelled),
  (s.recorded_at, 'lost', 1, NOT void AND s.state = 'LOST'),
  (s.pickup_until_at, 'pickups_due', 1, awaited),
  (s.pickup_until_at, 'picked_up_late', 1, awaited AND coalesce(s.pickup_until_at < s.picked_up_at, NOT moving)),
  (s.promised_at, 'promised', 1, promised),
  (s.promised_at, 'kept', 1, promised AND kept),
  (s.promised_at, 'attempted', 1, promised AND NOT kept AND attempted),
  (s.promised_at, CASE WHEN late <= 1 THEN 'late_1' WHEN late <= 2 THEN 'late_2' WHEN late <= 3 THEN 'late_3'
    WHEN late <= 7 THEN 'late_7' WHEN late <= 14 THEN 'late_14' WHEN late <= 30 THEN 'late_30' ELSE 'late_more' END,
    1, promised AND NOT kept AND NOT attempted AND late IS NOT NULL),
  (s.promised_at, 'late_days', late, promised AND NOT kept AND NOT attempted AND late IS NOT NULL),
  (s.delivered_at, 'delivered', 1, s.delivered_at IS NOT NULL)
) c (at, counter, amount, counts)
WHERE c.counts AND c.at >= s.recorded_at - interval '9600 hours'
GROUP BY s.tenant_id, s.provider_id, (c.at AT TIME ZONE 'UTC')::date, s.mode;

-- What the platform wrote to the parties of shipments (domain/messages.py). Subject and party name the thread.
CREATE TABLE messages (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'msg\__%'),
  key             text NOT NULL,                -- the milestone: a word of domain/messages.py
  state           text NOT NULL CHECK (state IN ('SENT', 'SKIPPED')),
  subject_id      text COLLATE "C" NOT NULL,    -- the shipment
  order_id        text COLLATE "C" NOT NULL,
  party_id        text COLLATE "C" NOT NULL,    -- to whom: a buyer or a supplier
  language        text NOT NULL,
  title           text,
  text            text,
  void            text,                         -- why it was skipped: canonical text of the findings
  rule_version_id text COLLATE "C" NOT NULL,    -- the templates it was written by
  due_at          timestamptz NOT NULL,
  at              timestamptz NOT NULL,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, subject_id, party_id, key),
  CHECK ((state = 'SENT') = (title IS NOT NULL AND text IS NOT NULL)),
  CHECK ((state = 'SKIPPED') = (void IS NOT NULL)),
  FOREIGN KEY (tenant_id, subject_id) REFERENCES shipments,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions
);
CREATE INDEX messages_order ON messages (tenant_id, order_id, at, id);
CREATE INDEX messages_party ON messages (tenant_id, party_id, at, id);
CREATE INDEX messages_at ON messages (tenant_id, at, id);
CREATE INDEX messages_rule ON messages (tenant_id, rule_version_id);
CALL protect('messages', 'SELECT, INSERT');
CALL make_append_only('messages');
