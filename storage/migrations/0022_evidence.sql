-- Evidence in claims, goods on their way back, inspections by third parties, and what holds tell certificates.

-- -- evidence (domain/evidence.py) ------------------------------------------------------------------------------------

CREATE TABLE evidence (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'evi\__%'),
  claim_id     text COLLATE "C" NOT NULL,
  order_id     text COLLATE "C" NOT NULL,
  buyer_id     text COLLATE "C" NOT NULL,
  supplier_id  text COLLATE "C",                -- the liable party: one of the two
  provider_id  text COLLATE "C",
  side         text NOT NULL CHECK (side IN ('BUYER', 'LIABLE_PARTY', 'STAFF', 'SYSTEM')),
  kind         text NOT NULL,                   -- a word of domain/evidence_needs.py
  note         text,
  submitted_at timestamptz NOT NULL,
  version      integer NOT NULL CHECK (version = 1),
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(supplier_id, provider_id) = 1),
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
CREATE INDEX evidence_claim ON evidence (tenant_id, claim_id, id);
CREATE INDEX evidence_order ON evidence (tenant_id, order_id, id);
CREATE INDEX evidence_buyer ON evidence (tenant_id, buyer_id);
CREATE INDEX evidence_supplier ON evidence (tenant_id, supplier_id);
CREATE INDEX evidence_provider ON evidence (tenant_id, provider_id);
CALL protect('evidence', 'SELECT, INSERT');
CALL make_append_only('evidence');

CREATE TABLE evidence_files (
  tenant_id   text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL CHECK (id LIKE 'evf\__%'),
  evidence_id text COLLATE "C" NOT NULL,
  upload_id   text COLLATE "C" NOT NULL,
  position    bigint NOT NULL CHECK (position >= 0),
  sha256      text COLLATE "C" NOT NULL,        -- as it was when it was submitted
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, evidence_id) REFERENCES evidence,
  FOREIGN KEY (tenant_id, upload_id) REFERENCES uploads
);
CREATE UNIQUE INDEX evidence_files_place ON evidence_files (tenant_id, evidence_id, position);
CREATE INDEX evidence_files_upload ON evidence_files (tenant_id, upload_id);
CALL protect('evidence_files', 'SELECT, INSERT');
CALL make_append_only('evidence_files');

CREATE TABLE evidence_requests (
  tenant_id text COLLATE "C" NOT NULL,
  id        text COLLATE "C" NOT NULL CHECK (id LIKE 'evq\__%'),
  claim_id  text COLLATE "C" NOT NULL,
  order_id  text COLLATE "C" NOT NULL,
  side      text NOT NULL CHECK (side IN ('BUYER', 'LIABLE_PARTY')),
  kinds     text[] NOT NULL,
  state     text NOT NULL CHECK (state IN ('OPEN', 'ANSWERED', 'LAPSED')),
  note      text,
  asked_at  timestamptz NOT NULL,
  due_at    timestamptz NOT NULL,
  ended_at  timestamptz,
  version   integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (asked_at < due_at),
  CHECK ((state = 'OPEN') = (ended_at IS NULL)),
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders
);
CREATE INDEX evidence_requests_claim ON evidence_requests (tenant_id, claim_id, id);
CREATE INDEX evidence_requests_order ON evidence_requests (tenant_id, order_id);
CALL protect('evidence_requests');

CREATE TABLE evidence_marks (
  tenant_id   text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL CHECK (id LIKE 'evm\__%'),
  evidence_id text COLLATE "C" NOT NULL,
  claim_id    text COLLATE "C" NOT NULL,
  finding     text NOT NULL CHECK (finding IN ('FORGED')),
  note        text NOT NULL,
  decision_id text COLLATE "C" NOT NULL,
  at          timestamptz NOT NULL,
  version     integer NOT NULL CHECK (version = 1),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, evidence_id) REFERENCES evidence,
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims,
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions
);
CREATE UNIQUE INDEX evidence_marks_once ON evidence_marks (tenant_id, evidence_id);
CREATE INDEX evidence_marks_claim ON evidence_marks (tenant_id, claim_id, id);
CREATE INDEX evidence_marks_decision ON evidence_marks (tenant_id, decision_id);
CALL protect('evidence_marks', 'SELECT, INSERT');
CALL make_append_only('evidence_marks');

-- -- returns (domain/returns.py) --------------------------------------------------------------------------------------

CREATE TABLE goods_returns (
  tenant_id        text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL CHECK (id LIKE 'ret\__%'),
  claim_id         text COLLATE "C" NOT NULL,
  order_id         text COLLATE "C" NOT NULL,
  coverage_id      text COLLATE "C" NOT NULL,
  buyer_id         text COLLATE "C" NOT NULL,
  supplier_id      text COLLATE "C",            -- the liable party: one of the two
  provider_id      text COLLATE "C",
  state            text NOT NULL CHECK (state IN ('ADDRESS_DUE', 'AUTHORISED', 'SHIPPED', 'RECEIVED', 'COMPLIANT',
                     'NON_COMPLIANT', 'WAIVED', 'LAPSED', 'CANCELLED')),
  destination      text NOT NULL CHECK (destination IN ('LOCAL', 'LIABLE_PARTY')),
  service_point_id text COLLATE "C",
  address_digest   text COLLATE "C",            -- the address itself lies in personal_data
  labelling        text NOT NULL CHECK (labelling IN ('LIABLE_PARTY', 'BUYER')),
  label_upload_id  text COLLATE "C",
  carrier          text,
  tracking_number  text,
  awards           jsonb NOT NULL,              -- what is given once the goods are back
  shares           jsonb NOT NULL,              -- and who bears it
  rule_version_id  text COLLATE "C" NOT NULL,
  profile          text COLLATE "C" NOT NULL,   -- the key of the claim's clocks
  leave_due_at     timestamptz,
  due_at           timestamptz,
  note             text,
  authorised_at    timestamptz NOT NULL,
  shipped_at       timestamptz,
  received_at      timestamptz,
  receipt          text CHECK (receipt IN ('LIABLE_PARTY', 'TRACKING', 'STAFF', 'CLOCK')),
  ended_at         timestamptz,
  version          integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(supplier_id, provider_id) = 1),
  CHECK ((destination = 'LOCAL') = (service_point_id IS NOT NULL)),
  CHECK ((due_at IS NULL) = (ended_at IS NOT NULL)),
  CHECK ((state IN ('COMPLIANT', 'NON_COMPLIANT', 'WAIVED', 'LAPSED', 'CANCELLED')) = (ended_at IS NOT NULL)),
  CHECK (num_nonnulls(received_at, receipt) IN (0, 2)),
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, coverage_id) REFERENCES coverages,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, service_point_id) REFERENCES service_points,
  FOREIGN KEY (tenant_id, label_upload_id) REFERENCES uploads,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions
);
-- One claim has one return under way.
CREATE UNIQUE INDEX goods_returns_one_open ON goods_returns (tenant_id, claim_id) WHERE ended_at IS NULL;
CREATE INDEX goods_returns_claim ON goods_returns (tenant_id, claim_id, authorised_at, id);
CREATE INDEX goods_returns_order ON goods_returns (tenant_id, order_id, id);
CREATE INDEX goods_returns_coverage ON goods_returns (tenant_id, coverage_id);
CREATE INDEX goods_returns_buyer ON goods_returns (tenant_id, buyer_id, authorised_at, id);
CREATE INDEX goods_returns_supplier ON goods_returns (tenant_id, supplier_id, authorised_at, id);
CREATE INDEX goods_returns_provider ON goods_returns (tenant_id, provider_id, authorised_at, id);
CREATE INDEX goods_returns_age ON goods_returns (tenant_id, authorised_at, id);
CREATE INDEX goods_returns_point ON goods_returns (tenant_id, service_point_id);
CREATE INDEX goods_returns_label ON goods_returns (tenant_id, label_upload_id);
CREATE INDEX goods_returns_rule ON goods_returns (tenant_id, rule_version_id);
CALL protect('goods_returns');

CREATE TABLE return_lines (
  tenant_id text COLLATE "C" NOT NULL,
  id        text COLLATE "C" NOT NULL CHECK (id LIKE 'rtl\__%'),
  return_id text COLLATE "C" NOT NULL,
  line_id   text COLLATE "C" NOT NULL,
  position  bigint NOT NULL CHECK (position > 0),
  quantity  bigint NOT NULL CHECK (quantity > 0),
  problem   text CHECK (problem IN ('MISSING', 'NOT_THE_GOODS', 'DAMAGED', 'USED', 'INCOMPLETE')),
  note      text,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, return_id) REFERENCES goods_returns,
  FOREIGN KEY (tenant_id, line_id) REFERENCES order_lines
);
CREATE UNIQUE INDEX return_lines_place ON return_lines (tenant_id, return_id, position);
CREATE INDEX return_lines_line ON return_lines (tenant_id, line_id);
CALL protect('return_lines');

-- -- inspections (domain/inspections.py) ------------------------------------------------------------------------------

CREATE TABLE inspections (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'isp\__%'),
  claim_id        text COLLATE "C" NOT NULL,
  order_id        text COLLATE "C" NOT NULL,
  buyer_id        text COLLATE "C" NOT NULL,
  supplier_id     text COLLATE "C",             -- the liable party: one of the two
  provider_id     text COLLATE "C",
  company         text COLLATE "C" NOT NULL,    -- its key in the rule
  company_name    text NOT NULL,
  state           text NOT NULL CHECK (state IN ('ORDERED', 'REPORTED', 'LAPSED')),
  fee_minor       bigint NOT NULL CHECK (fee_minor > 0), -- what the buyer paid in advance
  currency        char(3) NOT NULL,
  reference       text NOT NULL,                -- of that payment
  note            text,
  verdict         text CHECK (verdict IN ('AS_AGREED', 'NOT_AS_AGREED', 'INCONCLUSIVE')),
  refund_due      boolean NOT NULL,
  refund_id       text COLLATE "C",
  evidence_id     text COLLATE "C",
  rule_version_id text COLLATE "C" NOT NULL,
  due_at          timestamptz NOT NULL,         -- its report is awaited until then
  ordered_at      timestamptz NOT NULL,
  reported_at     timestamptz,
  ended_at        timestamptz,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(supplier_id, provider_id) = 1),
  CHECK ((state = 'ORDERED') = (ended_at IS NULL)),
  CHECK ((state = 'REPORTED') = (num_nonnulls(verdict, reported_at, evidence_id) = 3)),
  CHECK (refund_id IS NULL OR refund_due),
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, evidence_id) REFERENCES evidence,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions
);
CREATE UNIQUE INDEX inspections_one_ordered ON inspections (tenant_id, claim_id) WHERE state = 'ORDERED';
CREATE INDEX inspections_claim ON inspections (tenant_id, claim_id, ordered_at, id);
CREATE INDEX inspections_order ON inspections (tenant_id, order_id);
CREATE INDEX inspections_buyer ON inspections (tenant_id, buyer_id, ordered_at, id);
CREATE INDEX inspections_supplier ON inspections (tenant_id, supplier_id, ordered_at, id);
CREATE INDEX inspections_provider ON inspections (tenant_id, provider_id, ordered_at, id);
CREATE INDEX inspections_age ON inspections (tenant_id, ordered_at, id);
CREATE INDEX inspections_evidence ON inspections (tenant_id, evidence_id);
CREATE INDEX inspections_rule ON inspections (tenant_id, rule_version_id);
CALL protect('inspections');

-- -- what a hold tells the certificates of what it holds (domain/certificates.py) --------------------------------------

ALTER TABLE certificate_appendices
  DROP CONSTRAINT certificate_appendices_kind_check,
  ADD CONSTRAINT certificate_appendices_kind_check CHECK (kind IN ('PROMISED', 'ESTIMATE_CHANGED', 'ADDRESS_CHANGED',
    'VOIDED', 'GUARANTEE_WITHDRAWN', 'CLOCKS_HELD', 'CLOCKS_RELEASED')),
  ADD COLUMN hold_id text COLLATE "C",          -- the hold that it tells of
  ADD CONSTRAINT certificate_appendices_hold CHECK ((kind IN ('CLOCKS_HELD', 'CLOCKS_RELEASED')) = (hold_id IS NOT NULL)),
  ADD FOREIGN KEY (tenant_id, hold_id) REFERENCES clock_holds;
CREATE UNIQUE INDEX certificate_appendices_once ON certificate_appendices (tenant_id, hold_id, certificate_id, kind);
