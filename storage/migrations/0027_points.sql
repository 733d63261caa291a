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
