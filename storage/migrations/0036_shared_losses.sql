-- Several parties share in a loss; fees are in the books; insurers draw on a loss; merchants choose their plan.

-- A coupon or refund has a recovery per party that bears a share of it; half a cent is the first one's.
ALTER TABLE recoveries
  ADD COLUMN position integer NOT NULL DEFAULT 1 CHECK (position IN (1, 2)),
  DROP CONSTRAINT recoveries_tenant_id_coupon_id_key;
ALTER TABLE recoveries ALTER COLUMN position DROP DEFAULT;
DROP INDEX recoveries_refund;
CREATE UNIQUE INDEX recoveries_coupon ON recoveries (tenant_id, coupon_id, position);
CREATE UNIQUE INDEX recoveries_refund ON recoveries (tenant_id, refund_id, position);

-- What merchants pay for plans and buyers for inspections is posted; what was recorded before this was not.
ALTER TABLE memberships ADD COLUMN posted boolean NOT NULL DEFAULT false;
ALTER TABLE memberships ALTER COLUMN posted DROP DEFAULT;
ALTER TABLE inspections ADD COLUMN posted boolean NOT NULL DEFAULT false;
ALTER TABLE inspections ALTER COLUMN posted DROP DEFAULT;
ALTER TABLE ledger_transfers
  ADD COLUMN membership_id text COLLATE "C",
  ADD COLUMN inspection_id text COLLATE "C",
  ADD FOREIGN KEY (tenant_id, membership_id) REFERENCES memberships,
  ADD FOREIGN KEY (tenant_id, inspection_id) REFERENCES inspections;
CREATE INDEX ledger_transfers_membership ON ledger_transfers (tenant_id, membership_id)
  WHERE membership_id IS NOT NULL;
CREATE INDEX ledger_transfers_inspection ON ledger_transfers (tenant_id, inspection_id)
  WHERE inspection_id IS NOT NULL;
DO $$
DECLARE
  causes text;
BEGIN
  ALTER TABLE ledger_transfers DROP CONSTRAINT ledger_transfers_caused;
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO causes FROM pg_attribute
  WHERE attrelid = 'ledger_transfers'::regclass AND attnum > 0 AND NOT attisdropped AND attname LIKE '%\_id'
    AND attname NOT IN ('tenant_id', 'rule_version_id', 'reverses_id');
  EXECUTE format('ALTER TABLE ledger_transfers ADD CONSTRAINT ledger_transfers_caused CHECK (num_nonnulls(%s) > 0)',
                 causes);
END $$;

-- What an insurer paid a buyer for goods that were lost. It draws on the loss until it is withdrawn.
CREATE TABLE insurance_payments (
  tenant_id         text COLLATE "C" NOT NULL,
  id                text COLLATE "C" NOT NULL CHECK (id LIKE 'inp\__%'),
  order_id          text COLLATE "C" NOT NULL,
  line_id           text COLLATE "C" NOT NULL,
  buyer_id          text COLLATE "C" NOT NULL,
  cause             text NOT NULL CHECK (cause IN ('NON_RECEIPT', 'CONDITION')),
  insurer           text NOT NULL,
  reference         text COLLATE "C" NOT NULL,  -- the insurer's own number of the payment
  amount_minor      bigint NOT NULL CHECK (amount_minor > 0),
  currency          char(3) NOT NULL,
  paid_at           timestamptz NOT NULL,
  recorded_by       text COLLATE "C" NOT NULL,
  recorded_at       timestamptz NOT NULL,
  withdrawn_at      timestamptz,                -- when it turned out not to have been paid
  withdrawn_because text,
  version           integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((withdrawn_at IS NULL) = (withdrawn_because IS NULL)),
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, line_id) REFERENCES order_lines,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers
);
CREATE UNIQUE INDEX insurance_payments_once ON insurance_payments (tenant_id, insurer, reference, line_id)
  WHERE withdrawn_at IS NULL;
CREATE INDEX insurance_payments_order ON insurance_payments (tenant_id, order_id, recorded_at, id);
CREATE INDEX insurance_payments_line ON insurance_payments (tenant_id, line_id);
CREATE INDEX insurance_payments_buyer ON insurance_payments (tenant_id, buyer_id, recorded_at, id);
CREATE INDEX insurance_payments_age ON insurance_payments (tenant_id, recorded_at, id);
CALL protect('insurance_payments');

-- Which plan a merchant wants next: it begins when its fee is paid; the free one when what is paid is over.
CREATE TABLE membership_choices (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'mch\__%'),
  supplier_id     text COLLATE "C" NOT NULL,
  plan            text NOT NULL CHECK (plan IN ('FREE', 'STANDARD', 'PREMIUM')),
  state           text NOT NULL CHECK (state IN ('AWAITING_PAYMENT', 'AWAITING_END', 'BEGUN', 'REPLACED', 'LAPSED')),
  fee_minor       bigint NOT NULL CHECK (fee_minor >= 0),
  currency        char(3) NOT NULL,
  begins_at       timestamptz,                  -- null: as soon as its fee is paid
  due_at          timestamptz NOT NULL,         -- until when the fee is to be paid, or what is paid lasts
  membership_id   text COLLATE "C",             -- the term that was paid for
  rule_version_id text COLLATE "C" NOT NULL,
  chosen_by       text COLLATE "C" NOT NULL,
  chosen_at       timestamptz NOT NULL,
  ended_at        timestamptz,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state LIKE 'AWAITING%') = (ended_at IS NULL)),
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, membership_id) REFERENCES memberships,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions
);
CREATE UNIQUE INDEX membership_choices_open ON membership_choices (tenant_id, supplier_id)
  WHERE state IN ('AWAITING_PAYMENT', 'AWAITING_END');
CREATE INDEX membership_choices_supplier ON membership_choices (tenant_id, supplier_id, chosen_at, id);
CREATE INDEX membership_choices_age ON membership_choices (tenant_id, chosen_at, id);
CREATE INDEX membership_choices_membership ON membership_choices (tenant_id, membership_id);
CREATE INDEX membership_choices_rule ON membership_choices (tenant_id, rule_version_id);
CALL protect('membership_choices');
