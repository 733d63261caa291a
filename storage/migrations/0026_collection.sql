-- Collecting what liable parties owe: payouts that keep it back, deposits, invoices, payments, disputes, write-offs.

-- What a party owes and how it was collected. Due is everything that fell due and was not reversed or waived.
ALTER TABLE recoveries
  ALTER COLUMN coupon_id DROP NOT NULL,           -- a refund is charged without a coupon
  DROP CONSTRAINT recoveries_state_check,
  ADD CONSTRAINT recoveries_state CHECK (state IN
    ('CONTINGENT', 'DUE', 'NETTED', 'PAID', 'DEPOSIT_DRAWN', 'DISPUTED', 'WRITTEN_OFF', 'RELEASED')),
  ADD COLUMN netted_minor bigint NOT NULL DEFAULT 0 CHECK (netted_minor >= 0),
  ADD COLUMN paid_minor bigint NOT NULL DEFAULT 0 CHECK (paid_minor >= 0),
  ADD COLUMN drawn_minor bigint NOT NULL DEFAULT 0 CHECK (drawn_minor >= 0),
  ADD COLUMN written_off_minor bigint NOT NULL DEFAULT 0 CHECK (written_off_minor >= 0),
  ADD COLUMN returned_minor bigint NOT NULL DEFAULT 0 CHECK (returned_minor >= 0),
  ADD COLUMN fell_due_at timestamptz,             -- since when something is owed without a break
  ADD COLUMN disputed_at timestamptz,
  ADD COLUMN dispute_reason text,
  ADD COLUMN invoice_id text COLLATE "C",         -- the open invoice that asks for it
  ADD COLUMN write_off_asked_by text COLLATE "C", -- who wants to give it up, until somebody else agrees
  ADD COLUMN write_off_reason text,
  ADD COLUMN outstanding_minor bigint NOT NULL GENERATED ALWAYS AS
    (due_minor - netted_minor - paid_minor - drawn_minor - written_off_minor + returned_minor) STORED;
UPDATE recoveries SET fell_due_at = opened_at WHERE due_minor > 0;

-- What was drawn from deposits before, by the oldest debts first.
WITH drawn AS (
  SELECT tenant_id, provider_id, currency, sum(amount_minor) AS minor
  FROM deposit_movements WHERE kind = 'DRAWN' GROUP BY 1, 2, 3
), owed AS (
  SELECT r.tenant_id, r.id, d.minor AS drawn,
    r.due_minor, coalesce(sum(r.due_minor) OVER (PARTITION BY r.tenant_id, r.provider_id, r.currency
      ORDER BY r.opened_at, r.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
  FROM recoveries r JOIN drawn d ON d.tenant_id = r.tenant_id AND d.provider_id = r.provider_id
    AND d.currency = r.currency
)
UPDATE recoveries r SET drawn_minor = least(o.due_minor, o.drawn - o.before)
FROM owed o WHERE o.tenant_id = r.tenant_id AND o.id = r.id AND o.drawn > o.before AND o.due_minor > 0;
UPDATE recoveries SET state = 'DEPOSIT_DRAWN'
WHERE state = 'DUE' AND outstanding_minor = 0 AND contingent_minor = 0 AND drawn_minor > 0;
UPDATE recoveries SET state = 'CONTINGENT'
WHERE state = 'DUE' AND outstanding_minor = 0 AND contingent_minor > 0 AND drawn_minor > 0;

CREATE INDEX recoveries_owed_by_supplier ON recoveries (tenant_id, supplier_id, currency, fell_due_at, id)
  WHERE outstanding_minor <> 0;
CREATE INDEX recoveries_owed_by_provider ON recoveries (tenant_id, provider_id, currency, fell_due_at, id)
  WHERE outstanding_minor <> 0;
CREATE INDEX recoveries_invoice ON recoveries (tenant_id, invoice_id) WHERE invoice_id IS NOT NULL;

-- What a party was to be paid, what was kept back of it, and what it gets.
CREATE TABLE payouts (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'pay\__%'),
  supplier_id     text COLLATE "C",
  provider_id     text COLLATE "C",
  reference       text COLLATE "C" NOT NULL,     -- the payment system's
  state           text NOT NULL CHECK (state IN ('ANNOUNCED', 'PAID')),
  announced_minor bigint NOT NULL CHECK (announced_minor > 0),
  netted_minor    bigint NOT NULL CHECK (netted_minor >= 0),
  returned_minor  bigint NOT NULL CHECK (returned_minor >= 0),
  withheld_minor  bigint NOT NULL CHECK (withheld_minor >= 0),
  payable_minor   bigint NOT NULL CHECK (payable_minor >= 0),
  currency        char(3) NOT NULL,
  announced_at    timestamptz NOT NULL,
  paid_at         timestamptz,
  paid_reference  text,                          -- the bank's
  recorded_by     text COLLATE "C" NOT NULL,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT payouts_reference UNIQUE (tenant_id, reference),
  CHECK (num_nonnulls(supplier_id, provider_id) = 1),
  CHECK (payable_minor = announced_minor - netted_minor + returned_minor - withheld_minor),
  CHECK ((state = 'PAID') = (paid_at IS NOT NULL)),
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
CREATE INDEX payouts_supplier ON payouts (tenant_id, supplier_id, announced_at, id);
CREATE INDEX payouts_provider ON payouts (tenant_id, provider_id, announced_at, id);
CREATE INDEX payouts_announced ON payouts (tenant_id, announced_at, id);
CALL protect('payouts');

-- What a party is asked to pay, line by line.
CREATE TABLE invoices (
  tenant_id   text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL CHECK (id LIKE 'ivc\__%'),
  number      text COLLATE "C" NOT NULL,         -- for people
  supplier_id text COLLATE "C",
  provider_id text COLLATE "C",
  state       text NOT NULL CHECK (state IN ('OPEN', 'OVERDUE', 'PAID')),
  total_minor bigint NOT NULL CHECK (total_minor > 0),
  remaining_minor  bigint NOT NULL CHECK (remaining_minor BETWEEN 0 AND total_minor),
  currency    char(3) NOT NULL,
  rule_version_id text COLLATE "C" NOT NULL,
  issued_at   timestamptz NOT NULL,
  due_at      timestamptz NOT NULL,
  overdue_at  timestamptz,
  ended_at    timestamptz,
  version     integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT invoices_number UNIQUE (tenant_id, number),
  CHECK (num_nonnulls(supplier_id, provider_id) = 1),
  CHECK ((state = 'PAID') = (remaining_minor = 0)),
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions
);
CREATE INDEX invoices_supplier ON invoices (tenant_id, supplier_id, issued_at, id);
CREATE INDEX invoices_provider ON invoices (tenant_id, provider_id, issued_at, id);
CREATE INDEX invoices_issued ON invoices (tenant_id, issued_at, id);
CREATE INDEX invoices_rule ON invoices (tenant_id, rule_version_id);
CALL protect('invoices');

CREATE TABLE invoice_lines (
  tenant_id     text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL CHECK (id LIKE 'ivl\__%'),
  invoice_id    text COLLATE "C" NOT NULL,
  position      integer NOT NULL,
  recovery_id   text COLLATE "C" NOT NULL,
  claim_id      text COLLATE "C" NOT NULL,
  coupon_id     text COLLATE "C",
  amount_minor  bigint NOT NULL CHECK (amount_minor > 0),
  settled_minor bigint NOT NULL CHECK (settled_minor BETWEEN 0 AND amount_minor),
  currency      char(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, invoice_id, position),
  FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices,
  FOREIGN KEY (tenant_id, recovery_id) REFERENCES recoveries,
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims,
  FOREIGN KEY (tenant_id, coupon_id) REFERENCES coupons
);
CREATE INDEX invoice_lines_recovery ON invoice_lines (tenant_id, recovery_id);
CREATE INDEX invoice_lines_claim ON invoice_lines (tenant_id, claim_id);
CREATE INDEX invoice_lines_coupon ON invoice_lines (tenant_id, coupon_id);
CALL protect('invoice_lines');

ALTER TABLE recoveries ADD FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices;

-- Money with which a party paid what it owed.
CREATE TABLE party_payments (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'ppm\__%'),
  supplier_id  text COLLATE "C",
  provider_id  text COLLATE "C",
  invoice_id   text COLLATE "C",                 -- the invoice that it names, if any
  reference    text COLLATE "C" NOT NULL,        -- the bank's
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  currency     char(3) NOT NULL,
  received_at  timestamptz NOT NULL,
  recorded_by  text COLLATE "C" NOT NULL,
  version      integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT party_payments_reference UNIQUE (tenant_id, reference),
  CHECK (num_nonnulls(supplier_id, provider_id) = 1),
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices
);
CREATE INDEX party_payments_supplier ON party_payments (tenant_id, supplier_id, received_at, id);
CREATE INDEX party_payments_provider ON party_payments (tenant_id, provider_id, received_at, id);
CREATE INDEX party_payments_received ON party_payments (tenant_id, received_at, id);
CREATE INDEX party_payments_invoice ON party_payments (tenant_id, invoice_id);
CALL protect('party_payments', 'SELECT, INSERT');
CALL make_append_only('party_payments');

-- Money that moves because of these names them as its cause.
ALTER TABLE ledger_transfers
  ADD COLUMN recovery_id text COLLATE "C",
  ADD COLUMN payout_id text COLLATE "C",
  ADD COLUMN party_payment_id text COLLATE "C",
  ADD FOREIGN KEY (tenant_id, recovery_id) REFERENCES recoveries,
  ADD FOREIGN KEY (tenant_id, payout_id) REFERENCES payouts,
  ADD FOREIGN KEY (tenant_id, party_payment_id) REFERENCES party_payments;
-- At least one of all causes that the table has by now, whoever added them.
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
CREATE INDEX ledger_transfers_recovery ON ledger_transfers (tenant_id, recovery_id);
CREATE INDEX ledger_transfers_payout ON ledger_transfers (tenant_id, payout_id);
CREATE INDEX ledger_transfers_party_payment ON ledger_transfers (tenant_id, party_payment_id);
