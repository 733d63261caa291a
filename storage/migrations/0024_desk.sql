-- The desk: who has a claim, in which order claims are looked at, notes of staff to staff, saved filters, and decisions
-- that wait for a second adjudicator.

ALTER TABLE claims
  ADD COLUMN assignee_id text COLLATE "C",           -- the member or key of the desk that has it
  ADD COLUMN assigned_at timestamptz,
  ADD COLUMN queue_rank  smallint NOT NULL DEFAULT 0, -- minus the priority of the buyer's tier when it was opened
  ADD COLUMN proposal_id text COLLATE "C",           -- the decision that waits for a second adjudicator
  ADD COLUMN proposed_by text COLLATE "C",
  -- What the queues are sorted and chosen by, without nulls. Columns of their own, since Postgres takes no condition on
  -- coalesce() as an index condition behind row-level security: it does not count as leakproof.
  ADD COLUMN urgent_at   timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(due_at, 'infinity')) STORED,
  ADD COLUMN held_by     text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(assignee_id, '')) STORED,
  ADD CHECK ((assignee_id IS NULL) = (assigned_at IS NULL)),
  ADD CHECK ((proposal_id IS NULL) = (proposed_by IS NULL));

-- Claims that were opened before have the rank of their buyer's tier by the shipped rule.
UPDATE claims c SET queue_rank = -greatest(b.level - 1, 0)
FROM buyers b WHERE b.tenant_id = c.tenant_id AND b.id = c.buyer_id AND b.level > 1 AND c.ended_at IS NULL;

-- By urgency; what waits for nobody comes last.
DROP INDEX claims_urgency;
CREATE INDEX claims_urgency ON claims (tenant_id, urgent_at, queue_rank, id);
-- The desk's own queues hold nothing but what waits for staff, so their pages are read in the order of the index.
CREATE INDEX claims_desk ON claims (tenant_id, urgent_at, queue_rank, id)
  WHERE state IN ('ESCALATED', 'UNDER_DECISION');
CREATE INDEX claims_desk_of ON claims
  (tenant_id, held_by, urgent_at, queue_rank, id)
  WHERE state IN ('ESCALATED', 'UNDER_DECISION');
CREATE INDEX claims_work ON claims (tenant_id, duty, held_by, urgent_at, queue_rank, id)
  WHERE state IN ('ESCALATED', 'UNDER_DECISION') AND proposal_id IS NULL;
CREATE INDEX claims_assignment ON claims
  (tenant_id, held_by, urgent_at, queue_rank, id)
  WHERE ended_at IS NULL;

-- What staff write to staff about a claim. No party ever sees one.
CREATE TABLE claim_notes (
  tenant_id text COLLATE "C" NOT NULL,
  id        text COLLATE "C" NOT NULL CHECK (id LIKE 'cnt\__%'),
  claim_id  text COLLATE "C" NOT NULL,
  author_id text COLLATE "C" NOT NULL,
  text      text NOT NULL CHECK (text <> ''),
  at        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims
);
CREATE INDEX claim_notes_claim ON claim_notes (tenant_id, claim_id, at, id);
CALL protect('claim_notes', 'SELECT, INSERT');
CALL make_append_only('claim_notes');

-- Conditions of a list of claims that somebody of the desk kept.
CREATE TABLE saved_filters (
  tenant_id  text COLLATE "C" NOT NULL,
  id         text COLLATE "C" NOT NULL CHECK (id LIKE 'svf\__%'),
  name       text NOT NULL,
  owner_id   text COLLATE "C" NOT NULL,
  shared     boolean NOT NULL,                  -- offered to the owner's colleagues
  conditions jsonb NOT NULL,                    -- names of filters of storage/views/claims.py, and their values
  saved_at   timestamptz NOT NULL,
  removed_at timestamptz,
  version    integer NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX saved_filters_one_name ON saved_filters (tenant_id, owner_id, name) WHERE removed_at IS NULL;
CREATE INDEX saved_filters_name ON saved_filters (tenant_id, name, id);
CALL protect('saved_filters');

-- A decision above the amount of the desk's rule: made by one adjudicator, confirmed or returned by another.
CREATE TABLE proposals (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'prp\__%'),
  claim_id     text COLLATE "C" NOT NULL,
  wish         jsonb NOT NULL,                  -- the decision as it was wished, to be taken exactly so
  outcome      text NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor >= 0), -- what the rule gave when it was proposed
  currency     char(3) NOT NULL,
  note         text NOT NULL,
  state        text NOT NULL CHECK (state IN ('PROPOSED', 'CONFIRMED', 'RETURNED', 'LAPSED')),
  proposed_by  text COLLATE "C" NOT NULL,
  proposed_at  timestamptz NOT NULL,
  ended_by     text COLLATE "C",
  ended_at     timestamptz,
  reason       text,                            -- why it was returned
  rule_version_id text COLLATE "C" NOT NULL,    -- the rule that wants a second adjudicator
  version      integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state = 'PROPOSED') = (ended_at IS NULL)),
  CHECK ((state = 'RETURNED') = (reason IS NOT NULL)),
  CHECK (state <> 'CONFIRMED' OR ended_by <> proposed_by),
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions
);
CREATE UNIQUE INDEX proposals_one_open ON proposals (tenant_id, claim_id) WHERE state = 'PROPOSED';
CREATE INDEX proposals_claim ON proposals (tenant_id, claim_id, proposed_at, id);
CREATE INDEX proposals_proposed ON proposals (tenant_id, proposed_at, id);
CREATE INDEX proposals_rule ON proposals (tenant_id, rule_version_id);
CALL protect('proposals');

-- What waits for staff, of each kind in the order of its deadlines (`myWork`).
CREATE INDEX claims_second_eyes ON claims (tenant_id, urgent_at, queue_rank, id)
  WHERE state IN ('ESCALATED', 'UNDER_DECISION') AND proposal_id IS NOT NULL;
CREATE INDEX tier_reviews_work ON tier_reviews
  (tenant_id, (CASE WHEN reviewer_id IS NULL THEN '' ELSE reviewer_id END), due_at, id)
  WHERE state IN ('EVIDENCE_SUBMITTED', 'UNDER_REVIEW');
CREATE INDEX reviews_work ON reviews
  (tenant_id, (CASE WHEN assignee_id IS NULL THEN '' ELSE assignee_id END), due_at, id) WHERE state = 'OPEN';
CREATE INDEX inspections_work ON inspections (tenant_id, due_at, id) WHERE state = 'ORDERED';
CREATE INDEX listing_flags_work ON listing_flags (tenant_id, due_at, id) WHERE state = 'OPEN';
