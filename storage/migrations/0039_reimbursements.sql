-- What the marketplace is paid back (domain/reimbursements.py), and measures that the desk decided (domain/measures.py).

-- What an insurer, or a carrier outside a case, paid back to the marketplace for a claim.
CREATE TABLE reimbursements (
  tenant_id         text COLLATE "C" NOT NULL,
  id                text COLLATE "C" NOT NULL CHECK (id LIKE 'rmb\__%'),
  claim_id          text COLLATE "C" NOT NULL,
  order_id          text COLLATE "C" NOT NULL,
  decision_id       text COLLATE "C",
  payer             text NOT NULL CHECK (payer IN ('INSURER', 'CARRIER')),
  payer_name        text NOT NULL,
  reference         text COLLATE "C" NOT NULL,  -- the payer's own number of the payment
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
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions
);
CREATE UNIQUE INDEX reimbursements_once ON reimbursements (tenant_id, payer_name, reference)
  WHERE withdrawn_at IS NULL;
CREATE INDEX reimbursements_claim ON reimbursements (tenant_id, claim_id, recorded_at, id);
CREATE INDEX reimbursements_order ON reimbursements (tenant_id, order_id);
CREATE INDEX reimbursements_decision ON reimbursements (tenant_id, decision_id);
CREATE INDEX reimbursements_age ON reimbursements (tenant_id, recorded_at, id);
CALL protect('reimbursements');

ALTER TABLE ledger_transfers
  ADD COLUMN reimbursement_id text COLLATE "C",
  ADD FOREIGN KEY (tenant_id, reimbursement_id) REFERENCES reimbursements;
CREATE INDEX ledger_transfers_reimbursement ON ledger_transfers (tenant_id, reimbursement_id)
  WHERE reimbursement_id IS NOT NULL;
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

-- Measures that rest on no points: those of a scorecard, of a debt, and of the desk.
DO $$
DECLARE
  old text;
BEGIN
  SELECT conname INTO STRICT old FROM pg_constraint WHERE conrelid = 'measures'::regclass AND contype = 'c'
    AND pg_get_constraintdef(oid) LIKE '%SCORECARD%' AND pg_get_constraintdef(oid) LIKE '%entry_id%';
  EXECUTE format('ALTER TABLE measures DROP CONSTRAINT %I', old);
END $$;
ALTER TABLE measures ADD CHECK ((basis IN ('SCORECARD', 'DEBT', 'DESK')) = (entry_id IS NULL));
