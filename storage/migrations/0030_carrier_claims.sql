-- What is asked back from carriers: one case per claim and shipment.

CREATE TABLE carrier_claims (
  tenant_id         text COLLATE "C" NOT NULL,
  id                text COLLATE "C" NOT NULL CHECK (id LIKE 'ccl\__%'),
  claim_id          text COLLATE "C" NOT NULL,
  order_id          text COLLATE "C" NOT NULL,
  buyer_id          text COLLATE "C" NOT NULL,
  shipment_id       text COLLATE "C" NOT NULL,
  leg_id            text COLLATE "C",           -- null: the shipment has no legs, or none answers
  provider_id       text COLLATE "C",           -- the carrier: a provider of the marketplace,
  carrier_name      text,                       -- or somebody named
  regime            text NOT NULL,              -- a word of domain/carriage.py
  kind              text NOT NULL,              -- LOSS, DAMAGE, DELAY
  state             text NOT NULL CHECK (state IN ('NOTICE_DUE', 'NOTIFIED', 'FILED', 'ACKNOWLEDGED', 'APPEALED', 'ACCEPTED',
                      'PARTLY', 'REFUSED', 'COLLECTED', 'WRITTEN_OFF', 'TIME_BARRED')),
  loss_minor        bigint NOT NULL CHECK (loss_minor > 0), -- the carrier's share of what the buyer was given
  claimed_minor     bigint NOT NULL CHECK (claimed_minor BETWEEN 0 AND loss_minor), -- no more than the cap
  accepted_minor    bigint NOT NULL CHECK (accepted_minor BETWEEN 0 AND claimed_minor),
  collected_minor   bigint NOT NULL CHECK (collected_minor >= 0),
  written_off_minor bigint NOT NULL CHECK (written_off_minor >= 0),
  cap_minor         bigint CHECK (cap_minor >= 0), -- null: not everything that it needs is known
  cap_sdr           numeric(30, 6),
  sdr_rate          numeric(24, 12),            -- of that day; an input of the decision
  sdr_rate_day      date,
  weight_grams      bigint CHECK (weight_grams > 0),
  packages          bigint CHECK (packages > 0),
  declared_minor    bigint CHECK (declared_minor > 0), -- what the carrier was told that the goods are worth
  currency          char(3) NOT NULL,
  delivered_at      timestamptz NOT NULL,       -- or when they were due; notice and limitation count from it
  notice_due_at     timestamptz,
  limitation_at     timestamptz NOT NULL,
  due_at            timestamptz,                -- of what has to be done now; null when nobody must act
  warned_at         timestamptz,
  notified_at       timestamptz,
  filed_at          timestamptz,
  answered_at       timestamptz,
  appealed_at       timestamptz,
  reference         text,                       -- the carrier's own number
  pack_digest       text,                       -- SHA-256 of the papers that were filed
  reason            text,                       -- the carrier's word, or why it was given up
  rule_version_id   text COLLATE "C" NOT NULL,  -- the regime on the day of carriage
  decision_id       text COLLATE "C" NOT NULL,
  opened_at         timestamptz NOT NULL,
  ended_at          timestamptz,
  version           integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT carrier_claims_once UNIQUE (tenant_id, claim_id, shipment_id),
  CHECK (num_nonnulls(provider_id, carrier_name) = 1),
  CHECK (collected_minor + written_off_minor <= accepted_minor),
  CHECK ((state IN ('REFUSED', 'COLLECTED', 'WRITTEN_OFF', 'TIME_BARRED')) = (ended_at IS NOT NULL)),
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments,
  FOREIGN KEY (tenant_id, leg_id) REFERENCES legs,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions,
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions
);
CREATE INDEX carrier_claims_order ON carrier_claims (tenant_id, order_id);
CREATE INDEX carrier_claims_buyer ON carrier_claims (tenant_id, buyer_id);
CREATE INDEX carrier_claims_shipment ON carrier_claims (tenant_id, shipment_id);
CREATE INDEX carrier_claims_leg ON carrier_claims (tenant_id, leg_id);
CREATE INDEX carrier_claims_provider ON carrier_claims (tenant_id, provider_id, opened_at, id);
CREATE INDEX carrier_claims_rule ON carrier_claims (tenant_id, rule_version_id);
CREATE INDEX carrier_claims_decision ON carrier_claims (tenant_id, decision_id);
CREATE INDEX carrier_claims_opened ON carrier_claims (tenant_id, opened_at, id);
CREATE INDEX carrier_claims_state ON carrier_claims (tenant_id, state, opened_at, id);
CREATE INDEX carrier_claims_work ON carrier_claims (tenant_id, due_at, id) WHERE due_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX carrier_claims_urgency ON carrier_claims (tenant_id, (coalesce(due_at, 'infinity')), id);
CALL protect('carrier_claims');

-- Money that moved because of a case names it.
ALTER TABLE ledger_transfers ADD COLUMN carrier_claim_id text COLLATE "C",
  ADD FOREIGN KEY (tenant_id, carrier_claim_id) REFERENCES carrier_claims;
CREATE INDEX ledger_transfers_carrier_claim ON ledger_transfers (tenant_id, carrier_claim_id);

-- A bank's reference pays once.
CREATE TABLE carrier_payments (
  tenant_id        text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL CHECK (id LIKE 'cpy\__%'),
  carrier_claim_id text COLLATE "C" NOT NULL,
  amount_minor     bigint NOT NULL CHECK (amount_minor > 0),
  currency         char(3) NOT NULL,
  reference        text COLLATE "C" NOT NULL,
  paid_at          timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT carrier_payments_reference UNIQUE (tenant_id, carrier_claim_id, reference),
  FOREIGN KEY (tenant_id, carrier_claim_id) REFERENCES carrier_claims
);
CALL protect('carrier_payments', 'SELECT, INSERT');
CALL make_append_only('carrier_payments');
