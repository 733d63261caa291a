-- Providers apply, prove what they must, and are reviewed (domain.md 6.2).

ALTER TABLE providers
  ADD COLUMN state_since    timestamptz,
  ADD COLUMN state_reason   text,                      -- why it stands where it stands, in words it may read
  ADD COLUMN served_markets text[] NOT NULL DEFAULT '{}',
  ADD COLUMN services       text[] NOT NULL DEFAULT '{}', -- words of domain/modes.py
  ADD COLUMN traits         text[] NOT NULL DEFAULT '{}', -- words of domain/providers.py
  ADD COLUMN tier           text NOT NULL DEFAULT 'STANDARD' CHECK (tier IN ('STANDARD', 'PREFERRED')),
  ADD COLUMN monthly_volume bigint CHECK (monthly_volume >= 0),
  ADD COLUMN vouched_by     text COLLATE "C",          -- who answers for all its requirements; null: it proves them
  ADD COLUMN decision_id    text COLLATE "C",          -- the last decision about its admission
  ADD COLUMN activated_at   timestamptz;               -- its first activation: public from then on

-- Whoever is there was registered by the desk, which answers for it; its kind is told in the new words.
UPDATE providers SET
  state_since = registered_at,
  activated_at = registered_at,
  vouched_by = 'system:registered',
  kind = CASE kind
    WHEN 'EXPRESS' THEN 'EXPRESS_COURIER' WHEN 'AIR_FREIGHT' THEN 'AIRLINE_AGENT' WHEN 'OCEAN_FREIGHT' THEN 'NVOCC'
    WHEN 'ROAD_FREIGHT' THEN 'TRUCKER' WHEN 'FORWARDER' THEN 'FORWARDER' WHEN 'AFTER_SALES' THEN 'SERVICE_NETWORK'
    ELSE 'OTHER' END;

ALTER TABLE providers
  ALTER COLUMN state_since SET NOT NULL,
  ADD CONSTRAINT providers_kind CHECK (kind IN (
    'FORWARDER', 'NVOCC', 'AIRLINE_AGENT', 'EXPRESS_COURIER', 'CUSTOMS_BROKER', 'WAREHOUSE', 'TRUCKER',
    'SERVICE_NETWORK', 'INSPECTOR', 'OTHER')),
  ADD CONSTRAINT providers_state CHECK (state IN (
    'INVITED', 'DRAFT', 'SUBMITTED', 'SCREENING', 'IN_REVIEW', 'CHANGES_REQUESTED', 'REJECTED', 'APPROVED', 'ACTIVE',
    'RESTRICTED', 'SUSPENDED', 'EXIT_REQUESTED', 'WINDING_DOWN', 'EXITED', 'TERMINATED')),
  ADD CONSTRAINT providers_activated CHECK (state NOT IN ('ACTIVE', 'RESTRICTED', 'SUSPENDED') OR activated_at IS NOT NULL),
  ADD FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions;
CREATE INDEX providers_decision ON providers (tenant_id, decision_id);

-- What a provider handed in for one requirement. A renewal is a new row beside the one that still stands.
CREATE TABLE requirement_items (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'rqi\__%'),
  provider_id     text COLLATE "C" NOT NULL,
  requirement     text COLLATE "C" NOT NULL,   -- the key of a requirement in the rulebook
  state           text NOT NULL CHECK (state IN ('SUBMITTED', 'ACCEPTED', 'REJECTED', 'WAIVED', 'SUPERSEDED')),
  personal        boolean NOT NULL,            -- about a person: the value here is a digest, the scan its own
  value           text,                        -- an identifier, normalised, or a keyed digest where it is personal
  declared        boolean,
  amount_minor    bigint CHECK (amount_minor >= 0),
  currency        char(3),
  quantity        bigint CHECK (quantity >= 0),
  upload_id       text COLLATE "C",
  note            text,
  valid_from      timestamptz,
  valid_until     timestamptz,                 -- the last instant it counts, inclusive; of a waiver too
  submitted_by    text COLLATE "C" NOT NULL,
  submitted_at    timestamptz NOT NULL,
  endorsed_by     text COLLATE "C",            -- the first of two reviewers, where the rule wants two
  reviewed_by     text COLLATE "C",            -- who accepted, rejected or waived it
  reviewed_at     timestamptz,
  reason          text,                        -- of a rejection or a waiver
  rule_version_id text COLLATE "C" NOT NULL,   -- the rules it was handed in under
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((amount_minor IS NULL) = (currency IS NULL)),
  CHECK ((state IN ('ACCEPTED', 'REJECTED', 'WAIVED')) <= (reviewed_by IS NOT NULL AND reviewed_at IS NOT NULL)),
  CHECK ((state IN ('REJECTED', 'WAIVED')) <= (reason IS NOT NULL)),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions
);
CREATE UNIQUE INDEX requirement_items_pending ON requirement_items (tenant_id, provider_id, requirement)
  WHERE state IN ('SUBMITTED', 'REJECTED');
CREATE UNIQUE INDEX requirement_items_standing ON requirement_items (tenant_id, provider_id, requirement)
  WHERE state IN ('ACCEPTED', 'WAIVED');
CREATE INDEX requirement_items_provider ON requirement_items (tenant_id, provider_id, submitted_at, id);
CREATE INDEX requirement_items_submitted ON requirement_items (tenant_id, submitted_at, id);
CREATE INDEX requirement_items_rule ON requirement_items (tenant_id, rule_version_id);
CREATE INDEX requirement_items_upload ON requirement_items (tenant_id, upload_id);
CALL protect('requirement_items');

-- One round of the desk's review of an application: the queue.
CREATE TABLE reviews (
  tenant_id   text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL CHECK (id LIKE 'rvw\__%'),
  provider_id text COLLATE "C" NOT NULL,
  kind        text NOT NULL,                   -- of the provider, as it stood at submission
  country     char(2) NOT NULL,
  state       text NOT NULL CHECK (state IN ('OPEN', 'WAITING', 'APPROVED', 'REJECTED', 'LAPSED', 'ENDED')),
  rounds      integer NOT NULL CHECK (rounds > 0), -- how often it was handed in
  priority    integer NOT NULL,                -- 0 goes first
  overdue     boolean NOT NULL,                -- the desk let its deadline pass
  assignee_id text COLLATE "C",
  endorsed_by text COLLATE "C",                -- the first of two approvers, where the rule wants two
  note        text,                            -- what has to be corrected, or why it ended as it did
  opened_at   timestamptz NOT NULL,
  due_at      timestamptz NOT NULL,            -- of the desk while OPEN, of the applicant while WAITING
  closed_at   timestamptz,
  decision_id text COLLATE "C",
  version     integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state IN ('OPEN', 'WAITING')) = (closed_at IS NULL)),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions
);
CREATE UNIQUE INDEX reviews_one_live ON reviews (tenant_id, provider_id) WHERE state IN ('OPEN', 'WAITING');
CREATE INDEX reviews_queue ON reviews (tenant_id, priority, due_at, id);
CREATE INDEX reviews_opened ON reviews (tenant_id, opened_at, id);
CREATE INDEX reviews_provider ON reviews (tenant_id, provider_id, opened_at, id);
CREATE INDEX reviews_assignee ON reviews (tenant_id, assignee_id, priority, due_at, id);
CREATE INDEX reviews_decision ON reviews (tenant_id, decision_id);
CALL protect('reviews');
