-- What `keep` writes beside the row itself: audit, outbox, history, decisions; and idempotency and clocks.
-- No foreign key leads from these to tenants: it would lock the tenant's row in every write of every transaction. That
-- the tenant exists is checked where it is entered (organisations); row-level security then allows no other.

CREATE TABLE audit (
  tenant_id  text COLLATE "C" NOT NULL,
  id         text COLLATE "C" NOT NULL CHECK (id LIKE 'aud\__%'),
  at         timestamptz NOT NULL,
  actor_id   text COLLATE "C" NOT NULL,        -- a key, a member, or 'system:<what>'
  action     text NOT NULL,                    -- the mutation or duty: openClaim
  object_id  text COLLATE "C" NOT NULL,
  difference jsonb NOT NULL,                   -- {"field": [before, after]}
  request_id text NOT NULL,
  written_by xid8 NOT NULL DEFAULT pg_current_xact_id(), -- the transaction: tells which seal the row belongs to
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_unsealed ON audit (tenant_id, written_by, id);
CREATE INDEX audit_object ON audit (tenant_id, object_id, id);
CALL protect('audit', 'SELECT, INSERT');
CALL open_to_worker('audit');
CALL make_append_only('audit');

-- The chain over audit rows (storage/audit.py). A seal holds the rows that its snapshot sees and the one before did not.
CREATE TABLE audit_seals (
  tenant_id text COLLATE "C" NOT NULL,
  position  bigint NOT NULL CHECK (position > 0),
  snapshot  pg_snapshot NOT NULL,
  rows      bigint NOT NULL CHECK (rows > 0),
  digest    bytea NOT NULL,                    -- SHA-256 over the digest before and the digests of the rows
  sealed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, position)
);
CALL protect('audit_seals', 'SELECT, INSERT');
CALL open_to_worker('audit_seals');
CALL make_append_only('audit_seals');

CREATE TABLE outbox (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'evt\__%'),
  at           timestamptz NOT NULL,
  name         text NOT NULL,                  -- claim.opened
  object_id    text COLLATE "C" NOT NULL,
  sequence     integer NOT NULL,               -- per object: its version, so that a receiver can rebuild the order
  position     smallint NOT NULL,              -- among the happenings of one change
  facts        jsonb NOT NULL,
  published_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX outbox_object ON outbox (tenant_id, object_id, sequence, position);
CREATE INDEX outbox_waiting ON outbox (tenant_id, id) WHERE published_at IS NULL;
CALL protect('outbox');
CALL open_to_worker('outbox');

CREATE TABLE history (
  tenant_id   text COLLATE "C" NOT NULL,
  object_id   text COLLATE "C" NOT NULL,
  version     integer NOT NULL,
  valid_until timestamptz NOT NULL,
  row         jsonb NOT NULL,                  -- the superseded row
  PRIMARY KEY (tenant_id, object_id, version)
);
CALL protect('history', 'SELECT, INSERT');
CALL make_append_only('history');

CREATE TABLE idempotency_keys (
  tenant_id   text COLLATE "C" NOT NULL,
  actor_id    text COLLATE "C" NOT NULL,
  mutation    text COLLATE "C" NOT NULL,
  key         text COLLATE "C" NOT NULL,
  fingerprint bytea NOT NULL,
  outcome     jsonb,                           -- null only inside the transaction that is still running
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, actor_id, mutation, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (tenant_id, created_at);
CALL protect('idempotency_keys', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE decisions (
  tenant_id        text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL CHECK (id LIKE 'dec\__%'),
  subject_id       text COLLATE "C" NOT NULL,  -- the claim, buyer, coverage or party it is about
  kind             text NOT NULL,              -- ELIGIBILITY, COMPENSATION, TIER, ...
  holds            boolean NOT NULL,
  at               timestamptz NOT NULL,
  decided_by       text COLLATE "C" NOT NULL,  -- actor id, or 'system:<duty>'
  rule_version_ids text[] NOT NULL,
  tree             text NOT NULL,              -- canonical text of the findings; equal inputs give equal bytes
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX decisions_subject ON decisions (tenant_id, subject_id, id);
CALL protect('decisions', 'SELECT, INSERT');
CALL make_append_only('decisions');

-- A duty: who must act, on what, by when, and what happens if nobody does.
CREATE TABLE clocks (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'clk\__%'),
  subject_id   text COLLATE "C" NOT NULL,      -- the claim, coverage, coupon, invitation ...
  duty         text NOT NULL,                  -- a word of domain/clocks.py
  party_id     text COLLATE "C",               -- who must act; null: the marketplace itself
  due_at       timestamptz NOT NULL,
  calendar     text,                           -- the market whose days were counted, null for exact hours
  state        text NOT NULL CHECK (state IN ('RUNNING', 'PAUSED', 'DONE', 'FIRED', 'CANCELLED')),
  paused_at    timestamptz,
  pause_reason text,
  started_at   timestamptz NOT NULL,
  ended_at     timestamptz,
  attempts     integer NOT NULL DEFAULT 0,     -- failed tries of the worker; the row waits longer after each
  retry_at     timestamptz,
  version      integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state = 'PAUSED') = (paused_at IS NOT NULL)),
  CHECK ((state IN ('DONE', 'FIRED', 'CANCELLED')) = (ended_at IS NOT NULL))
);
CREATE INDEX clocks_due ON clocks (due_at) WHERE state = 'RUNNING';
CREATE INDEX clocks_due_in_tenant ON clocks (tenant_id, due_at) WHERE state = 'RUNNING';
CREATE INDEX clocks_by_due ON clocks (tenant_id, due_at, id);
CREATE INDEX clocks_party ON clocks (tenant_id, party_id, due_at, id);
CREATE INDEX clocks_subject ON clocks (tenant_id, subject_id);
CREATE UNIQUE INDEX clocks_one_live_duty ON clocks (tenant_id, subject_id, duty) WHERE state IN ('RUNNING', 'PAUSED');
CALL protect('clocks');
CALL open_to_worker('clocks');

-- Reference data, the same for every tenant: working-day calendars, frozen so that results are stable.
CREATE TABLE calendars (
  market    text COLLATE "C" PRIMARY KEY,      -- a country code
  zone      text NOT NULL,
  weekend   smallint[] NOT NULL,               -- ISO days: 6 and 7 in most markets
  first_day date NOT NULL,                     -- holidays are known from here …
  last_day  date NOT NULL,                     -- … to here
  source    text NOT NULL                      -- library and version the holidays were frozen from
);
CREATE TABLE calendar_holidays (
  market text COLLATE "C" NOT NULL REFERENCES calendars,
  day    date NOT NULL,
  works  boolean NOT NULL DEFAULT false,       -- a day of the weekend on which people work all the same
  name   text NOT NULL,
  PRIMARY KEY (market, day)
);
GRANT SELECT ON calendars, calendar_holidays TO {app}, {worker};

-- Trusted documents: operations that a tenant's frontends may send by hash.
CREATE TABLE documents (
  tenant_id     text COLLATE "C" NOT NULL REFERENCES tenants,
  id            text COLLATE "C" NOT NULL CHECK (id LIKE 'doc\__%'),
  hash          text COLLATE "C" NOT NULL CHECK (hash ~ '^sha256:[0-9a-f]{64}$'),
  text          text NOT NULL,
  registered_at timestamptz NOT NULL,
  version       integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, hash)
);
CALL protect('documents');
