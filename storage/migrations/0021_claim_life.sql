-- The whole life of a claim: lines, offers, evidence, decisions that say who bears what, appeals, suspension.

ALTER TABLE claims
  DROP CONSTRAINT claims_state_check,
  DROP CONSTRAINT claims_outcome_check,
  DROP CONSTRAINT claims_check1,
  DROP CONSTRAINT claims_check2;
ALTER TABLE claims
  ADD COLUMN duty text,                              -- what somebody must do until due_at
  ADD COLUMN silence text CHECK (silence IN ('AUTO_GRANT', 'ESCALATE', 'CLOSE')),
  ADD COLUMN claimant_silence text CHECK (claimant_silence IN ('AUTO_GRANT', 'ESCALATE', 'CLOSE')),
  ADD COLUMN itemised boolean NOT NULL DEFAULT false, -- the buyer named lines and amounts
  ADD COLUMN return_required boolean NOT NULL DEFAULT false,
  ADD COLUMN negotiation_ends_at timestamptz,
  ADD COLUMN offer_by text CHECK (offer_by IN ('BUYER', 'LIABLE_PARTY')), -- whose offer stands
  ADD COLUMN heard text[] NOT NULL DEFAULT '{}',     -- the sides that have brought all their evidence
  ADD COLUMN resumes text,                           -- the state that an appeal or a suspension interrupts
  ADD COLUMN suspended_at timestamptz,
  ADD COLUMN shares jsonb NOT NULL DEFAULT '{}',     -- bearer -> basis points
  ADD COLUMN relied_on text[] NOT NULL DEFAULT '{}', -- the evidence of the decision
  ADD COLUMN appealable_until timestamptz,
  ADD COLUMN final_at timestamptz,                   -- nobody can appeal from then on
  ADD COLUMN cause text,                             -- what the buyer lost by, as the rule judged it
  ADD COLUMN reopenable_until timestamptz,           -- a remedy failed: the buyer may reopen until then
  ADD CONSTRAINT claims_state_check CHECK (state IN (
    'OPEN', 'NEGOTIATING', 'ESCALATED', 'EVIDENCE_DUE', 'UNDER_DECISION', 'RETURNING', 'REMEDY_IN_PROGRESS', 'DECIDED',
    'APPEALED', 'SUSPENDED', 'CLOSED', 'WITHDRAWN')),
  ADD CONSTRAINT claims_outcome_check CHECK (outcome IN ('GRANTED', 'PARTLY', 'DENIED', 'AGREED', 'NO_EVIDENCE')),
  ADD CONSTRAINT claims_decided_check CHECK ((outcome IS NOT NULL) = (decided_at IS NOT NULL)),
  ADD CONSTRAINT claims_ended_check CHECK ((state IN ('CLOSED', 'WITHDRAWN')) = (ended_at IS NOT NULL)),
  ADD CONSTRAINT claims_resumes_check CHECK ((state IN ('APPEALED', 'SUSPENDED')) = (resumes IS NOT NULL));

-- Claims from before: what they wait for, what silence means by the shipped rules, and who bears what was granted.
UPDATE claims SET
  duty = CASE
    WHEN due_at IS NULL THEN NULL
    WHEN state = 'ESCALATED' THEN 'DECIDE_CLAIM'
    WHEN due_at = answer_due_at THEN 'ANSWER_CLAIM'
    ELSE 'ESCALATE_CLAIM' END,
  silence = CASE WHEN answer_due_at IS NULL THEN NULL ELSE coalesce(
    (SELECT v.body -> 'silence_by_reason' ->> reason FROM rule_versions v
     WHERE v.tenant_id = claims.tenant_id AND v.id = claims.procedure_version_id),
    (SELECT v.body ->> 'silence' FROM rule_versions v
     WHERE v.tenant_id = claims.tenant_id AND v.id = claims.procedure_version_id)) END,
  claimant_silence = CASE WHEN answer_due_at IS NULL THEN NULL ELSE
    (SELECT v.body ->> 'silence_of_claimant' FROM rule_versions v
     WHERE v.tenant_id = claims.tenant_id AND v.id = claims.procedure_version_id) END,
  shares = CASE
    WHEN outcome IS DISTINCT FROM 'GRANTED' THEN '{}'::jsonb
    WHEN supplier_id IS NOT NULL THEN '{"SUPPLIER": 10000}'::jsonb
    ELSE '{"PROVIDER": 10000}'::jsonb END,
  final_at = decided_at;
ALTER TABLE claims ADD CONSTRAINT claims_duty_check CHECK ((duty IS NULL) = (due_at IS NULL));

-- The lines of the order that a claim is about: what was lost, asked for and, once decided or agreed, given.
CREATE TABLE claim_lines (
  tenant_id        text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL CHECK (id LIKE 'cll\__%'),
  claim_id         text COLLATE "C" NOT NULL,
  position         integer NOT NULL,
  line_id          text COLLATE "C" NOT NULL,
  loss_minor       bigint NOT NULL CHECK (loss_minor >= 0),      -- what the rule gives for it at most
  requested_remedy text NOT NULL,
  requested_minor  bigint NOT NULL CHECK (requested_minor >= 0),
  remedy           text,
  amount_minor     bigint CHECK (amount_minor >= 0),
  currency         char(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((remedy IS NULL) = (amount_minor IS NULL)),
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims,
  FOREIGN KEY (tenant_id, line_id) REFERENCES order_lines
);
CREATE UNIQUE INDEX claim_lines_claim ON claim_lines (tenant_id, claim_id, position);
CREATE INDEX claim_lines_line ON claim_lines (tenant_id, line_id);
CALL protect('claim_lines');

-- What one side would settle for.
CREATE TABLE claim_offers (
  tenant_id   text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL CHECK (id LIKE 'cof\__%'),
  claim_id    text COLLATE "C" NOT NULL,
  number      integer NOT NULL,
  by          text NOT NULL CHECK (by IN ('BUYER', 'LIABLE_PARTY')),
  state       text NOT NULL CHECK (state IN ('STANDS', 'ACCEPTED', 'DECLINED', 'COUNTERED', 'LAPSED', 'MOOT')),
  total_minor bigint NOT NULL CHECK (total_minor >= 0),
  currency    char(3) NOT NULL,
  note        text,
  lapses_at   timestamptz NOT NULL,
  made_at     timestamptz NOT NULL,
  ended_at    timestamptz,
  version     integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state = 'STANDS') = (ended_at IS NULL)),
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims
);
CREATE UNIQUE INDEX claim_offers_claim ON claim_offers (tenant_id, claim_id, number);
CREATE UNIQUE INDEX claim_offers_one_stands ON claim_offers (tenant_id, claim_id) WHERE state = 'STANDS';
CALL protect('claim_offers');

CREATE TABLE claim_offer_lines (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'cfl\__%'),
  offer_id     text COLLATE "C" NOT NULL,
  position     integer NOT NULL,
  line_id      text COLLATE "C" NOT NULL,
  remedy       text NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
  currency     char(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, offer_id) REFERENCES claim_offers,
  FOREIGN KEY (tenant_id, line_id) REFERENCES order_lines
);
CREATE UNIQUE INDEX claim_offer_lines_offer ON claim_offer_lines (tenant_id, offer_id, position);
CREATE INDEX claim_offer_lines_line ON claim_offer_lines (tenant_id, line_id);
CALL protect('claim_offer_lines');

-- The buyer's word to the party before it claims, where a profile asks for that.
CREATE TABLE claim_contacts (
  tenant_id   text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL CHECK (id LIKE 'cct\__%'),
  coverage_id text COLLATE "C" NOT NULL,
  note        text NOT NULL,
  at          timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, coverage_id) REFERENCES coverages
);
CREATE INDEX claim_contacts_coverage ON claim_contacts (tenant_id, coverage_id, at);
CALL protect('claim_contacts', 'SELECT, INSERT');
CALL make_append_only('claim_contacts');

-- The party's objection to the scan by which a late delivery would be compensated by itself: once per cover.
CREATE TABLE scan_disputes (
  tenant_id   text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL CHECK (id LIKE 'scn\__%'),
  coverage_id text COLLATE "C" NOT NULL,
  note        text NOT NULL,
  at          timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, coverage_id) REFERENCES coverages
);
CREATE UNIQUE INDEX scan_disputes_coverage ON scan_disputes (tenant_id, coverage_id);
CALL protect('scan_disputes', 'SELECT, INSERT');
CALL make_append_only('scan_disputes');
