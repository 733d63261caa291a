-- Appeals against decisions and measures, and the rounds in which appellants are asked (domain/appeals.py).

CREATE TABLE appeals (
  tenant_id         text COLLATE "C" NOT NULL,
  id                text COLLATE "C" NOT NULL CHECK (id LIKE 'apl\__%'),
  number            text COLLATE "C" NOT NULL,
  subject_kind      text NOT NULL CHECK (subject_kind IN ('CLAIM_DECISION', 'POINTS', 'RESTRICTION',
                      'ONBOARDING_REJECTION', 'COUPON_REVOCATION')),
  subject_id        text COLLATE "C" NOT NULL,
  subject_key       text COLLATE "C" NOT NULL,  -- the decision or thing that can be appealed once
  decision_id       text COLLATE "C",
  order_id          text COLLATE "C",
  buyer_id          text COLLATE "C",           -- the appellant: one of the three
  supplier_id       text COLLATE "C",
  provider_id       text COLLATE "C",
  state             text NOT NULL CHECK (state IN ('DRAFT', 'FILED', 'INADMISSIBLE', 'ADMISSIBLE', 'UNDER_REVIEW',
                      'INFO_REQUESTED', 'UPHELD', 'OVERTURNED', 'PARTLY', 'FINAL')),
  outcome           text CHECK (outcome IN ('UPHELD', 'OVERTURNED', 'PARTLY')),
  sought            text[] NOT NULL CHECK (cardinality(sought) > 0),
  undone            text[] NOT NULL,
  suspended         text[] NOT NULL,            -- points entries that wait for the outcome
  grounds           text NOT NULL,
  root_cause        text,
  correction        text,
  prevention        text,
  upload_ids        text[] NOT NULL,
  first_decider     text COLLATE "C",
  reviewer_id       text COLLATE "C",
  note              text,
  rule_version_id   text COLLATE "C" NOT NULL,
  final_decision_id text COLLATE "C",
  appealable_until  timestamptz NOT NULL,
  drafted_at        timestamptz NOT NULL,
  filed_at          timestamptz,
  due_at            timestamptz,
  decide_by         timestamptz,
  last_at           timestamptz,
  overdue_at        timestamptz,
  updated_at        timestamptz NOT NULL,
  decided_at        timestamptz,
  ended_at          timestamptz,
  version           integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(buyer_id, supplier_id, provider_id) = 1),
  CHECK ((outcome IS NOT NULL) = (decided_at IS NOT NULL)),
  CHECK ((state IN ('INADMISSIBLE', 'FINAL')) = (ended_at IS NOT NULL)),
  CHECK (undone <@ sought),
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions,
  FOREIGN KEY (tenant_id, final_decision_id) REFERENCES decisions
);
-- Once per decision, whoever appeals it and whatever comes of it.
CREATE UNIQUE INDEX appeals_once ON appeals (tenant_id, subject_id, subject_key) WHERE state <> 'DRAFT';
CREATE INDEX appeals_subject ON appeals (tenant_id, subject_id, drafted_at, id);
CREATE INDEX appeals_buyer ON appeals (tenant_id, buyer_id, drafted_at, id);
CREATE INDEX appeals_supplier ON appeals (tenant_id, supplier_id, drafted_at, id);
CREATE INDEX appeals_provider ON appeals (tenant_id, provider_id, drafted_at, id);
CREATE INDEX appeals_age ON appeals (tenant_id, drafted_at, id);
CREATE INDEX appeals_urgency ON appeals (tenant_id, (coalesce(due_at, 'infinity')), id);
CREATE INDEX appeals_work ON appeals
  (tenant_id, (CASE WHEN reviewer_id IS NULL THEN '' ELSE reviewer_id END), due_at, id)
  WHERE state IN ('FILED', 'ADMISSIBLE', 'UNDER_REVIEW') AND due_at IS NOT NULL;
CREATE INDEX appeals_order ON appeals (tenant_id, order_id);
CREATE INDEX appeals_decision ON appeals (tenant_id, decision_id);
CREATE INDEX appeals_final ON appeals (tenant_id, final_decision_id);
CREATE INDEX appeals_rule ON appeals (tenant_id, rule_version_id);
CALL protect('appeals');

CREATE TABLE appeal_rounds (
  tenant_id   text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL CHECK (id LIKE 'apr\__%'),
  appeal_id   text COLLATE "C" NOT NULL,
  number      bigint NOT NULL CHECK (number > 0),
  question    text NOT NULL,
  asked_at    timestamptz NOT NULL,
  due_at      timestamptz NOT NULL,
  answer      text,
  upload_ids  text[] NOT NULL,
  answered_at timestamptz,
  silent      boolean NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(answer, answered_at) <> 1),
  CHECK (NOT silent OR answered_at IS NULL),
  FOREIGN KEY (tenant_id, appeal_id) REFERENCES appeals
);
CREATE UNIQUE INDEX appeal_rounds_appeal ON appeal_rounds (tenant_id, appeal_id, number);
CALL protect('appeal_rounds');
