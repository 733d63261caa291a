-- Coverage certificates: what a payment promised, signed, and the chain of what happened since (domain/certificates.py).

CREATE TABLE certificates (
  tenant_id   text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL CHECK (id LIKE 'crt\__%'),
  coverage_id text COLLATE "C" NOT NULL,
  order_id    text COLLATE "C" NOT NULL,
  buyer_id    text COLLATE "C" NOT NULL,
  document    text NOT NULL,                    -- the canonical text that was signed
  hash        text COLLATE "C" NOT NULL,
  signature   text NOT NULL,
  key_id      text COLLATE "C" NOT NULL,
  public_key  text NOT NULL,
  made_at     timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, coverage_id) REFERENCES coverages,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers
);
CREATE UNIQUE INDEX certificates_coverage ON certificates (tenant_id, coverage_id);
CREATE INDEX certificates_order ON certificates (tenant_id, order_id);
CREATE INDEX certificates_buyer ON certificates (tenant_id, buyer_id, id);
CALL protect('certificates', 'SELECT, INSERT');
CALL make_append_only('certificates');

CREATE TABLE certificate_appendices (
  tenant_id      text COLLATE "C" NOT NULL,
  id             text COLLATE "C" NOT NULL CHECK (id LIKE 'apx\__%'),
  certificate_id text COLLATE "C" NOT NULL,
  sequence       bigint NOT NULL CHECK (sequence > 0),
  kind           text NOT NULL
    CHECK (kind IN ('PROMISED', 'ESTIMATE_CHANGED', 'ADDRESS_CHANGED', 'VOIDED', 'GUARANTEE_WITHDRAWN')),
  previous_hash  text COLLATE "C" NOT NULL,     -- of the text before: the chain
  document       text NOT NULL,
  hash           text COLLATE "C" NOT NULL,
  signature      text NOT NULL,
  key_id         text COLLATE "C" NOT NULL,
  public_key     text NOT NULL,
  at             timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, certificate_id) REFERENCES certificates
);
CREATE UNIQUE INDEX certificate_appendices_chain ON certificate_appendices (tenant_id, certificate_id, sequence);
CALL protect('certificate_appendices', 'SELECT, INSERT');
CALL make_append_only('certificate_appendices');

-- Enrolment: where a guarantee is offered (domain/enrolments.py).
ALTER TABLE guarantees
  ADD COLUMN markets text[] NOT NULL DEFAULT '{}';  -- country codes; empty: wherever its rule allows
