-- Buyers' levels: what they were told, what was verified, what staff granted or revoked; reviews of evidence; sweeps.

ALTER TABLE buyers
  ADD COLUMN identity            text,                     -- what it says it is: a word of domain/tiers.py
  ADD COLUMN income_minor        bigint CHECK (income_minor >= 0), -- verified yearly income
  ADD COLUMN currency            char(3),                  -- the income's
  ADD COLUMN income_verified_at  timestamptz,
  ADD COLUMN granted_level       smallint CHECK (granted_level BETWEEN 0 AND 4),
  ADD COLUMN granted_at          timestamptz,
  ADD COLUMN takes_upgrades      boolean NOT NULL DEFAULT true,
  ADD COLUMN pending_level       smallint CHECK (pending_level BETWEEN 0 AND 4),
  ADD COLUMN pending_at          timestamptz,
  ADD COLUMN pending_decision_id text COLLATE "C",
  ADD COLUMN revoked_at          timestamptz,
  ADD CHECK ((income_minor IS NULL) = (currency IS NULL)),
  ADD CHECK ((income_minor IS NULL) = (income_verified_at IS NULL)),
  ADD CHECK ((granted_level IS NULL) = (granted_at IS NULL)),
  ADD CHECK (num_nonnulls(pending_level, pending_at, pending_decision_id) IN (0, 3)),
  ADD CHECK (pending_level <> level),
  ADD CHECK (revoked_at IS NULL OR level = 0),
  ADD FOREIGN KEY (tenant_id, pending_decision_id) REFERENCES decisions;
CREATE INDEX buyers_pending_decision ON buyers (tenant_id, pending_decision_id);

-- A buyer's application: what it proves itself by, and what the desk made of it (domain.md 6.4).
CREATE TABLE tier_reviews (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'trv\__%'),
  buyer_id     text COLLATE "C" NOT NULL,
  identity     text NOT NULL,
  state        text NOT NULL
    CHECK (state IN ('EVIDENCE_SUBMITTED', 'UNDER_REVIEW', 'NEEDS_MORE', 'GRANTED', 'DECLINED')),
  reviewer_id  text COLLATE "C",                 -- the member or key of the desk that took it
  reason       text,                             -- what is missing, or why it was decided so; the buyer reads it
  submitted_at timestamptz NOT NULL,
  due_at       timestamptz,                      -- until when somebody has to act; null when decided
  decided_at   timestamptz,
  decision_id  text COLLATE "C",
  version      integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state IN ('GRANTED', 'DECLINED')) = (decided_at IS NOT NULL)),
  CHECK ((decided_at IS NULL) = (due_at IS NOT NULL)),
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions
);
CREATE UNIQUE INDEX tier_reviews_one_open ON tier_reviews (tenant_id, buyer_id)
  WHERE state IN ('EVIDENCE_SUBMITTED', 'UNDER_REVIEW', 'NEEDS_MORE');
CREATE INDEX tier_reviews_buyer ON tier_reviews (tenant_id, buyer_id, id);
CREATE INDEX tier_reviews_urgency ON tier_reviews (tenant_id, (coalesce(due_at, 'infinity')), id);
CREATE INDEX tier_reviews_reviewer ON tier_reviews (tenant_id, reviewer_id, (coalesce(due_at, 'infinity')), id);
CREATE INDEX tier_reviews_decision ON tier_reviews (tenant_id, decision_id);
CALL protect('tier_reviews');

CREATE TABLE tier_evidence (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'tev\__%'),
  review_id    text COLLATE "C" NOT NULL,
  buyer_id     text COLLATE "C" NOT NULL,
  evidence     text NOT NULL,                    -- a word of domain/tiers.py
  upload_id    text COLLATE "C",
  statement    text,                             -- the number or address itself, or words beside a file
  submitted_at timestamptz NOT NULL,
  accepted     boolean,                          -- null until the desk has looked at it
  verified_at  timestamptz,
  PRIMARY KEY (tenant_id, id),
  CHECK (upload_id IS NOT NULL OR statement IS NOT NULL),
  CHECK ((accepted IS TRUE) = (verified_at IS NOT NULL)),
  FOREIGN KEY (tenant_id, review_id) REFERENCES tier_reviews,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, upload_id) REFERENCES uploads
);
CREATE INDEX tier_evidence_review ON tier_evidence (tenant_id, review_id, id);
CREATE INDEX tier_evidence_buyer ON tier_evidence (tenant_id, buyer_id, verified_at);
CREATE INDEX tier_evidence_upload ON tier_evidence (tenant_id, upload_id);
CALL protect('tier_evidence');

-- One evaluation of all buyers, in chunks: where it stands, and what it changed.
CREATE TABLE tier_sweeps (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'tsw\__%'),
  state        text NOT NULL CHECK (state IN ('RUNNING', 'DONE')),
  looked_at    timestamptz NOT NULL,             -- the instant that every buyer is looked at
  position     text COLLATE "C",                 -- the last buyer looked at
  buyers       bigint NOT NULL,
  upgrades     bigint NOT NULL,
  downgrades   bigint NOT NULL,
  confirmed    bigint NOT NULL,
  ended_at     timestamptz,
  version      integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state = 'DONE') = (ended_at IS NOT NULL))
);
CREATE UNIQUE INDEX tier_sweeps_one_running ON tier_sweeps (tenant_id) WHERE state = 'RUNNING';
CALL protect('tier_sweeps');
CREATE INDEX orders_buyer_completed ON orders (tenant_id, buyer_id, completed_at) WHERE state = 'COMPLETED';
