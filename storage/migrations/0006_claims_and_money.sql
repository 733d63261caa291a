-- Claims, coupons, recoveries and the ledger.

CREATE TABLE claims (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'clm\__%'),
  number          text COLLATE "C" NOT NULL,    -- for people: the last ten characters of the id, in groups
  order_id        text COLLATE "C" NOT NULL,
  coverage_id     text COLLATE "C" NOT NULL,
  buyer_id        text COLLATE "C" NOT NULL,
  supplier_id     text COLLATE "C",             -- the liable party: one of the two
  provider_id     text COLLATE "C",
  reason          text NOT NULL,                -- a word of domain/claims.py
  origin          text NOT NULL CHECK (origin IN ('AUTOMATIC', 'APPLICATION')),
  state           text NOT NULL CHECK (state IN ('OPEN', 'ESCALATED', 'DECIDED', 'CLOSED', 'WITHDRAWN')),
  outcome         text CHECK (outcome IN ('GRANTED', 'DENIED')),
  base_minor      bigint NOT NULL CHECK (base_minor >= 0),   -- what the rule takes its share of
  amount_minor    bigint NOT NULL CHECK (amount_minor >= 0), -- what the rule gives
  currency        char(3) NOT NULL,
  rule_version_id text COLLATE "C" NOT NULL,
  procedure_version_id text COLLATE "C" NOT NULL, -- the clocks in force when it was opened
  decision_id     text COLLATE "C",
  note            text,
  answer_due_at   timestamptz,                  -- the liable party answers until then
  escalation_opens_at timestamptz,              -- from then on the buyer may escalate
  escalates_at    timestamptz,                  -- at that instant it escalates by itself
  due_at          timestamptz,                  -- when the next duty on it is due; null when nobody must act
  opened_at       timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  decided_at      timestamptz,
  ended_at        timestamptz,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(supplier_id, provider_id) = 1),
  CHECK ((outcome IS NOT NULL) = (decided_at IS NOT NULL)),
  CHECK ((state IN ('CLOSED', 'WITHDRAWN')) = (ended_at IS NOT NULL)),
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, coverage_id) REFERENCES coverages,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions,
  FOREIGN KEY (tenant_id, procedure_version_id) REFERENCES rule_versions,
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions
);
-- One loss, one claim: a cover has at most one claim that was not withdrawn.
CREATE UNIQUE INDEX claims_one_per_cover ON claims (tenant_id, coverage_id) WHERE state <> 'WITHDRAWN';
CREATE INDEX claims_coverage ON claims (tenant_id, coverage_id);
CREATE INDEX claims_order ON claims (tenant_id, order_id, id);
CREATE INDEX claims_buyer ON claims (tenant_id, buyer_id, opened_at, id);
CREATE INDEX claims_supplier ON claims (tenant_id, supplier_id, opened_at, id);
CREATE INDEX claims_provider ON claims (tenant_id, provider_id, opened_at, id);
CREATE INDEX claims_urgency ON claims (tenant_id, (coalesce(due_at, 'infinity')), id);
CREATE INDEX claims_opened ON claims (tenant_id, opened_at, id);
CREATE INDEX claims_rule ON claims (tenant_id, rule_version_id);
CREATE INDEX claims_decision ON claims (tenant_id, decision_id);
CREATE INDEX claims_procedure ON claims (tenant_id, procedure_version_id);
CALL protect('claims');

-- What happened to a claim, as its parties see it.
CREATE TABLE claim_events (
  tenant_id text COLLATE "C" NOT NULL,
  id        text COLLATE "C" NOT NULL CHECK (id LIKE 'evt\__%'),
  claim_id  text COLLATE "C" NOT NULL,
  name      text NOT NULL,                      -- claim.opened
  actor     text NOT NULL,                      -- BUYER, LIABLE_PARTY, STAFF, SYSTEM: never who
  note      text,
  at        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims
);
CREATE INDEX claim_events_claim ON claim_events (tenant_id, claim_id, at, id);
CALL protect('claim_events', 'SELECT, INSERT');
CALL make_append_only('claim_events');

CREATE TABLE coupons (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'cpn\__%'),
  claim_id     text COLLATE "C" NOT NULL,
  buyer_id     text COLLATE "C" NOT NULL,
  state        text NOT NULL CHECK (state IN ('ACTIVE', 'PARTLY_USED', 'USED', 'EXPIRED')),
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  used_minor   bigint NOT NULL CHECK (used_minor BETWEEN 0 AND amount_minor),
  currency     char(3) NOT NULL,
  issued_at    timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,            -- its last instant
  ended_at     timestamptz,
  version      integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, claim_id),                 -- one compensation per claim
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers
);
CREATE INDEX coupons_buyer ON coupons (tenant_id, buyer_id, issued_at, id);
CREATE INDEX coupons_issued ON coupons (tenant_id, issued_at, id);
CALL protect('coupons');

CREATE TABLE redemptions (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'red\__%'),
  coupon_id    text COLLATE "C" NOT NULL,
  order_id     text COLLATE "C" NOT NULL,       -- the later order it paid for
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  currency     char(3) NOT NULL,
  redeemed_at  timestamptz NOT NULL,
  reversed_at  timestamptz,                     -- when that order was cancelled
  version      integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, coupon_id) REFERENCES coupons,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders
);
CREATE INDEX redemptions_coupon ON redemptions (tenant_id, coupon_id, redeemed_at, id);
CREATE INDEX redemptions_order ON redemptions (tenant_id, order_id);
CALL protect('redemptions');

CREATE TABLE recoveries (
  tenant_id        text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL CHECK (id LIKE 'rec\__%'),
  coupon_id        text COLLATE "C" NOT NULL,
  claim_id         text COLLATE "C" NOT NULL,
  supplier_id      text COLLATE "C",            -- the liable party: one of the two
  provider_id      text COLLATE "C",
  state            text NOT NULL CHECK (state IN ('CONTINGENT', 'DUE', 'RELEASED')),
  contingent_minor bigint NOT NULL CHECK (contingent_minor >= 0),
  due_minor        bigint NOT NULL CHECK (due_minor >= 0),
  released_minor   bigint NOT NULL CHECK (released_minor >= 0),
  currency         char(3) NOT NULL,
  opened_at        timestamptz NOT NULL,
  ended_at         timestamptz,                 -- when nothing is contingent any more
  version          integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, coupon_id),
  CHECK (num_nonnulls(supplier_id, provider_id) = 1),
  FOREIGN KEY (tenant_id, coupon_id) REFERENCES coupons,
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims,
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
CREATE INDEX recoveries_claim ON recoveries (tenant_id, claim_id);
CREATE INDEX recoveries_supplier ON recoveries (tenant_id, supplier_id, opened_at, id);
CREATE INDEX recoveries_provider ON recoveries (tenant_id, provider_id, opened_at, id);
CREATE INDEX recoveries_opened ON recoveries (tenant_id, opened_at, id);
CALL protect('recoveries');

-- Double entry per tenant and currency. Debits are positive. Platform accounts are striped so that they are no hot row.
CREATE TABLE ledger_accounts (
  tenant_id     text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL CHECK (id LIKE 'acc\__%'),
  name          text COLLATE "C" NOT NULL,      -- a word of domain/ledger.py: PARTY_RECEIVABLE
  party_id      text COLLATE "C",               -- the supplier, provider or null for the platform's own
  currency      char(3) NOT NULL,
  stripe        smallint NOT NULL,
  balance_minor bigint NOT NULL,
  opened_at     timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE NULLS NOT DISTINCT (tenant_id, name, party_id, currency, stripe)
);
CALL protect('ledger_accounts');

CREATE TABLE ledger_transfers (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'tfr\__%'),
  event           text NOT NULL,                -- a row of the posting table: COUPON_ISSUED
  at              timestamptz NOT NULL,
  claim_id        text COLLATE "C",
  coupon_id       text COLLATE "C",
  redemption_id   text COLLATE "C",
  decision_id     text COLLATE "C",
  rule_version_id text COLLATE "C",
  reverses_id     text COLLATE "C",
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(claim_id, coupon_id, redemption_id, decision_id) > 0),
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims,
  FOREIGN KEY (tenant_id, coupon_id) REFERENCES coupons,
  FOREIGN KEY (tenant_id, redemption_id) REFERENCES redemptions,
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions,
  FOREIGN KEY (tenant_id, reverses_id) REFERENCES ledger_transfers
);
CREATE INDEX ledger_transfers_claim ON ledger_transfers (tenant_id, claim_id);
CREATE INDEX ledger_transfers_coupon ON ledger_transfers (tenant_id, coupon_id);
CREATE INDEX ledger_transfers_redemption ON ledger_transfers (tenant_id, redemption_id);
CREATE INDEX ledger_transfers_decision ON ledger_transfers (tenant_id, decision_id);
CREATE INDEX ledger_transfers_rule ON ledger_transfers (tenant_id, rule_version_id);
CREATE INDEX ledger_transfers_reverses ON ledger_transfers (tenant_id, reverses_id);
CREATE INDEX ledger_transfers_at ON ledger_transfers (tenant_id, at, id);
CALL protect('ledger_transfers', 'SELECT, INSERT');
CALL make_append_only('ledger_transfers');

CREATE TABLE ledger_entries (
  tenant_id    text COLLATE "C" NOT NULL,
  transfer_id  text COLLATE "C" NOT NULL,
  position     smallint NOT NULL,
  account_id   text COLLATE "C" NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor <> 0), -- debit positive, credit negative
  currency     char(3) NOT NULL,
  PRIMARY KEY (tenant_id, transfer_id, position),
  FOREIGN KEY (tenant_id, transfer_id) REFERENCES ledger_transfers,
  FOREIGN KEY (tenant_id, account_id) REFERENCES ledger_accounts
);
CREATE INDEX ledger_entries_account ON ledger_entries (tenant_id, account_id, transfer_id);
CALL protect('ledger_entries', 'SELECT, INSERT');
CALL make_append_only('ledger_entries');

-- Every transfer sums to zero per currency, or the commit fails.
CREATE FUNCTION transfers_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM ledger_entries e WHERE e.tenant_id = NEW.tenant_id AND e.transfer_id = NEW.transfer_id
             GROUP BY e.currency HAVING sum(e.amount_minor) <> 0) THEN
    RAISE EXCEPTION 'transfer % does not balance', NEW.transfer_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON ledger_entries DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION transfers_balance();
