-- Chargebacks and the protection against them: paid plans, card receipts, enrolments, processors, notices, cases, packs.

-- A merchant's paid term of a plan: whoever has none is on the free one.
CREATE TABLE memberships (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'mbs\__%'),
  supplier_id     text COLLATE "C" NOT NULL,
  plan            text NOT NULL CHECK (plan IN ('FREE', 'STANDARD', 'PREMIUM')),
  reference       text NOT NULL,                -- the marketplace's own bill for the fee
  fee_minor       bigint NOT NULL CHECK (fee_minor >= 0),
  currency        char(3) NOT NULL,
  starts_at       timestamptz NOT NULL,
  ends_at         timestamptz NOT NULL,         -- its last instant
  rule_version_id text COLLATE "C" NOT NULL,
  recorded_at     timestamptz NOT NULL,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, reference),
  CHECK (starts_at < ends_at),
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions
);
CREATE INDEX memberships_supplier ON memberships (tenant_id, supplier_id, starts_at, id);
CREATE INDEX memberships_age ON memberships (tenant_id, starts_at, id);
CREATE INDEX memberships_rule ON memberships (tenant_id, rule_version_id);
CALL protect('memberships');

-- A card payment of an order. counted_minor is what it uses of the cap of the plan, in the cap's currency.
CREATE TABLE card_receipts (
  tenant_id         text COLLATE "C" NOT NULL,
  id                text COLLATE "C" NOT NULL CHECK (id LIKE 'crp\__%'),
  order_id          text COLLATE "C" NOT NULL,
  buyer_id          text COLLATE "C" NOT NULL,
  supplier_id       text COLLATE "C" NOT NULL,
  payment_reference text COLLATE "C" NOT NULL,  -- the processor's own number of the payment
  scheme            text NOT NULL CHECK (scheme IN ('VISA', 'MASTERCARD', 'AMEX', 'DISCOVER')),
  amount_minor      bigint NOT NULL CHECK (amount_minor > 0),
  currency          char(3) NOT NULL,
  plan              text NOT NULL CHECK (plan IN ('FREE', 'STANDARD', 'PREMIUM')),
  counted_minor     bigint NOT NULL CHECK (counted_minor >= 0),
  rule_version_id   text COLLATE "C" NOT NULL,
  received_at       timestamptz NOT NULL,
  version           integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, payment_reference),
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions
);
CREATE INDEX card_receipts_order ON card_receipts (tenant_id, order_id, received_at, id);
CREATE INDEX card_receipts_supplier ON card_receipts (tenant_id, supplier_id, received_at, id);
CREATE INDEX card_receipts_buyer ON card_receipts (tenant_id, buyer_id, received_at, id);
CREATE INDEX card_receipts_age ON card_receipts (tenant_id, received_at, id);
CREATE INDEX card_receipts_rule ON card_receipts (tenant_id, rule_version_id);
CALL protect('card_receipts');

CREATE TABLE protections (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'ptn\__%'),
  supplier_id     text COLLATE "C" NOT NULL,
  state           text NOT NULL CHECK (state IN ('ACTIVE', 'PAUSED', 'ENDED')), -- who has no row is OFF or ELIGIBLE
  pause_reason    text CHECK (pause_reason IN ('MERCHANT', 'MEMBERSHIP')),
  rule_version_id text COLLATE "C" NOT NULL,
  enrolled_at     timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  ended_at        timestamptz,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state = 'PAUSED') = (pause_reason IS NOT NULL)),
  CHECK ((state = 'ENDED') = (ended_at IS NOT NULL)),
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions
);
CREATE UNIQUE INDEX protections_one_live ON protections (tenant_id, supplier_id) WHERE state <> 'ENDED';
CREATE INDEX protections_supplier ON protections (tenant_id, supplier_id, enrolled_at, id);
CREATE INDEX protections_age ON protections (tenant_id, enrolled_at, id);
CREATE INDEX protections_rule ON protections (tenant_id, rule_version_id);
CALL protect('protections');

-- When a protection was active: a chargeback may come a year and a half after the payment.
CREATE TABLE protection_periods (
  tenant_id     text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL CHECK (id LIKE 'ptp\__%'),
  protection_id text COLLATE "C" NOT NULL,
  number        bigint NOT NULL CHECK (number > 0),
  started_at    timestamptz NOT NULL,
  ended_at      timestamptz,                    -- exclusive
  PRIMARY KEY (tenant_id, id),
  CHECK (started_at <= ended_at),
  FOREIGN KEY (tenant_id, protection_id) REFERENCES protections
);
CREATE UNIQUE INDEX protection_periods_protection ON protection_periods (tenant_id, protection_id, number);
CALL protect('protection_periods');

-- Payment processors that send notices. Their secrets are derived from the deployment's own and kept nowhere.
CREATE TABLE processors (
  tenant_id     text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL CHECK (id LIKE 'prc\__%'),
  name          text NOT NULL,
  generation    bigint NOT NULL CHECK (generation > 0),
  old_until     timestamptz,                    -- the last instant of the secret before, by the real clock
  registered_at timestamptz NOT NULL,
  revoked_at    timestamptz,
  version       integer NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX processors_age ON processors (tenant_id, registered_at, id);
CALL protect('processors');

CREATE TABLE chargebacks (
  tenant_id             text COLLATE "C" NOT NULL,
  id                    text COLLATE "C" NOT NULL CHECK (id LIKE 'cbk\__%'),
  number                text COLLATE "C" NOT NULL,
  order_id              text COLLATE "C" NOT NULL,
  buyer_id              text COLLATE "C" NOT NULL,
  supplier_id           text COLLATE "C" NOT NULL, -- the merchant
  receipt_id            text COLLATE "C",       -- null where the shop never told of the card payment
  processor_id          text COLLATE "C",       -- null where staff entered it
  network_reference     text COLLATE "C" NOT NULL,
  scheme                text NOT NULL CHECK (scheme IN ('VISA', 'MASTERCARD', 'AMEX', 'DISCOVER')),
  category              text NOT NULL,
  reason_code           text,                   -- the network's own
  state                 text NOT NULL CHECK (state IN ('NOTIFIED', 'FUNDS_HELD', 'EVIDENCE_DUE', 'INSUFFICIENT',
                          'ACCEPTED_BY_MERCHANT', 'PLATFORM_CHECK', 'REPRESENTED', 'PRE_ARBITRATION', 'WON', 'LOST',
                          'LOST_BY_DEFAULT', 'SETTLED')),
  result                text CHECK (result IN ('WON', 'LOST', 'LOST_BY_DEFAULT', 'ACCEPTED')),
  coverage              text CHECK (coverage IN ('COVERED', 'PARTLY_COVERED', 'NOT_COVERED')),
  amount_minor          bigint NOT NULL CHECK (amount_minor > 0),
  covered_minor         bigint NOT NULL CHECK (covered_minor BETWEEN 0 AND amount_minor),
  drawn_minor           bigint NOT NULL CHECK (drawn_minor BETWEEN 0 AND amount_minor), -- of the order's exposure
  currency              char(3) NOT NULL,
  counted_minor         bigint NOT NULL CHECK (counted_minor >= 0), -- covered, in the currency of the yearly limit
  late                  boolean NOT NULL,       -- after the usual window of cardholders
  contested             boolean NOT NULL,       -- pre-arbitration was answered
  rule_version_id       text COLLATE "C" NOT NULL,
  protection_version_id text COLLATE "C",
  decision_id           text COLLATE "C",
  pack_accepted_at      timestamptz,
  returned_at           timestamptz,            -- the pack was found insufficient, which happens once
  note                  text,
  notified_at           timestamptz NOT NULL,   -- by the network
  network_at            timestamptz NOT NULL,   -- of the latest word of the network that counted
  network_due_at        timestamptz NOT NULL,
  due_at                timestamptz,            -- of whoever must act now
  opened_at             timestamptz NOT NULL,
  updated_at            timestamptz NOT NULL,
  decided_at            timestamptz,
  ended_at              timestamptz,
  version               integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, scheme, network_reference),
  CHECK ((result IS NOT NULL) = (decided_at IS NOT NULL)),
  CHECK ((coverage IS NOT NULL) = (decision_id IS NOT NULL)),
  CHECK ((state IN ('WON', 'SETTLED')) = (ended_at IS NOT NULL)),
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, receipt_id) REFERENCES card_receipts,
  FOREIGN KEY (tenant_id, processor_id) REFERENCES processors,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions,
  FOREIGN KEY (tenant_id, protection_version_id) REFERENCES rule_versions,
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions
);
CREATE INDEX chargebacks_order ON chargebacks (tenant_id, order_id, opened_at, id);
CREATE INDEX chargebacks_buyer ON chargebacks (tenant_id, buyer_id, opened_at, id);
CREATE INDEX chargebacks_supplier ON chargebacks (tenant_id, supplier_id, opened_at, id);
CREATE INDEX chargebacks_opened ON chargebacks (tenant_id, opened_at, id);
CREATE INDEX chargebacks_urgency ON chargebacks (tenant_id, (coalesce(due_at, 'infinity')), id);
CREATE INDEX chargebacks_receipt ON chargebacks (tenant_id, receipt_id);
CREATE INDEX chargebacks_processor ON chargebacks (tenant_id, processor_id);
CREATE INDEX chargebacks_rule ON chargebacks (tenant_id, rule_version_id);
CREATE INDEX chargebacks_protection_rule ON chargebacks (tenant_id, protection_version_id);
CREATE INDEX chargebacks_decision ON chargebacks (tenant_id, decision_id);
CALL protect('chargebacks');

-- What happened to a chargeback, as its merchant and staff see it.
CREATE TABLE chargeback_events (
  tenant_id     text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL CHECK (id LIKE 'cbe\__%'),
  chargeback_id text COLLATE "C" NOT NULL,
  name          text NOT NULL,
  actor         text NOT NULL,                  -- MERCHANT, STAFF, NETWORK, SYSTEM: never who
  note          text,
  at            timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, chargeback_id) REFERENCES chargebacks
);
CREATE INDEX chargeback_events_chargeback ON chargeback_events (tenant_id, chargeback_id, at, id);
CALL protect('chargeback_events', 'SELECT, INSERT');
CALL make_append_only('chargeback_events');

-- What a merchant defended itself with: final once it was sent.
CREATE TABLE evidence_packs (
  tenant_id     text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL CHECK (id LIKE 'pck\__%'),
  chargeback_id text COLLATE "C" NOT NULL,
  number        bigint NOT NULL CHECK (number > 0),
  statement     text NOT NULL,
  upload_ids    text[] NOT NULL,
  manifest      text NOT NULL,                  -- canonical JSON: every item with its hash
  digest        text COLLATE "C" NOT NULL,      -- its SHA-256
  submitted_by  text COLLATE "C" NOT NULL,
  submitted_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, chargeback_id) REFERENCES chargebacks
);
CREATE UNIQUE INDEX evidence_packs_chargeback ON evidence_packs (tenant_id, chargeback_id, number);
CALL protect('evidence_packs', 'SELECT, INSERT');
CALL make_append_only('evidence_packs');

-- What processors (or staff for them) told, each once, in whatever order.
CREATE TABLE chargeback_notices (
  tenant_id         text COLLATE "C" NOT NULL,
  id                text COLLATE "C" NOT NULL CHECK (id LIKE 'cbn\__%'),
  processor_id      text COLLATE "C",
  event_id          text COLLATE "C" NOT NULL,  -- the sender's own
  digest            text COLLATE "C" NOT NULL,  -- of what was sent
  kind              text NOT NULL CHECK (kind IN ('OPENED', 'PRE_ARBITRATION', 'WON', 'LOST')),
  network_reference text COLLATE "C" NOT NULL,
  scheme            text NOT NULL CHECK (scheme IN ('VISA', 'MASTERCARD', 'AMEX', 'DISCOVER')),
  payment_reference text COLLATE "C",
  order_reference   text COLLATE "C",
  category          text NOT NULL,
  reason_code       text,
  amount_minor      bigint CHECK (amount_minor > 0),
  currency          char(3),
  network_due_at    timestamptz,
  occurred_at       timestamptz NOT NULL,
  received_at       timestamptz NOT NULL,
  state             text NOT NULL CHECK (state IN ('APPLIED', 'WAITING', 'UNMATCHED', 'SUPERSEDED')),
  problem           text,                       -- why it is unmatched
  chargeback_id     text COLLATE "C",
  version           integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE NULLS NOT DISTINCT (tenant_id, processor_id, event_id),
  CHECK (num_nonnulls(amount_minor, currency) <> 1),
  CHECK ((state = 'UNMATCHED') = (problem IS NOT NULL)),
  CHECK (state <> 'APPLIED' OR chargeback_id IS NOT NULL),
  FOREIGN KEY (tenant_id, processor_id) REFERENCES processors,
  FOREIGN KEY (tenant_id, chargeback_id) REFERENCES chargebacks
);
CREATE INDEX chargeback_notices_reference ON chargeback_notices (tenant_id, scheme, network_reference, occurred_at, id);
CREATE INDEX chargeback_notices_chargeback ON chargeback_notices (tenant_id, chargeback_id, received_at, id);
CREATE INDEX chargeback_notices_payment ON chargeback_notices (tenant_id, payment_reference);
CREATE INDEX chargeback_notices_age ON chargeback_notices (tenant_id, received_at, id);
CALL protect('chargeback_notices');

-- Money moves because of chargebacks too. The check names every cause that the table has by now.
ALTER TABLE ledger_transfers
  ADD COLUMN chargeback_id text COLLATE "C",
  ADD FOREIGN KEY (tenant_id, chargeback_id) REFERENCES chargebacks;
CREATE INDEX ledger_transfers_chargeback ON ledger_transfers (tenant_id, chargeback_id, at, id);
DO $$
DECLARE
  causes text;
  old text;
BEGIN
  FOR old IN SELECT conname FROM pg_constraint WHERE conrelid = 'ledger_transfers'::regclass AND contype = 'c'
             AND pg_get_constraintdef(oid) LIKE '%num_nonnulls%' LOOP
    EXECUTE format('ALTER TABLE ledger_transfers DROP CONSTRAINT %I', old);
  END LOOP;
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO causes FROM pg_attribute
  WHERE attrelid = 'ledger_transfers'::regclass AND attnum > 0 AND NOT attisdropped AND attname LIKE '%\_id'
    AND attname NOT IN ('tenant_id', 'rule_version_id', 'reverses_id');
  EXECUTE format('ALTER TABLE ledger_transfers ADD CONSTRAINT ledger_transfers_caused CHECK (num_nonnulls(%s) > 0)',
                 causes);
END $$;
