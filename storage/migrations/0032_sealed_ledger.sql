-- The ledger's transfers are sealed as audit rows are: a chain per tenant, kept by the same sealer (storage/audit.py).
ALTER TABLE ledger_transfers ADD COLUMN written_by xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX ledger_transfers_unsealed ON ledger_transfers (tenant_id, written_by, id);
CREATE TABLE ledger_seals (
  tenant_id text COLLATE "C" NOT NULL,
  position  bigint NOT NULL CHECK (position > 0),
  snapshot  pg_snapshot NOT NULL,
  rows      bigint NOT NULL CHECK (rows > 0),
  digest    bytea NOT NULL,                    -- SHA-256 over the digest before and the digests of the transfers
  sealed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, position)
);
CALL protect('ledger_seals', 'SELECT, INSERT');
CALL open_to_worker('ledger_seals');
CALL make_append_only('ledger_seals');

-- A transfer has one or two of its many causes: an index holds those that name it, and posting touches no other.
DROP INDEX ledger_transfers_claim, ledger_transfers_coupon, ledger_transfers_redemption, ledger_transfers_refund,
  ledger_transfers_goodwill, ledger_transfers_decision, ledger_transfers_deposit, ledger_transfers_recovery,
  ledger_transfers_payout, ledger_transfers_party_payment, ledger_transfers_chargeback, ledger_transfers_carrier_claim,
  ledger_transfers_rule, ledger_transfers_reverses;
CREATE INDEX ledger_transfers_claim ON ledger_transfers (tenant_id, claim_id, at, id) WHERE claim_id IS NOT NULL;
CREATE INDEX ledger_transfers_coupon ON ledger_transfers (tenant_id, coupon_id, at, id) WHERE coupon_id IS NOT NULL;
CREATE INDEX ledger_transfers_redemption ON ledger_transfers (tenant_id, redemption_id)
  WHERE redemption_id IS NOT NULL;
CREATE INDEX ledger_transfers_refund ON ledger_transfers (tenant_id, refund_id) WHERE refund_id IS NOT NULL;
CREATE INDEX ledger_transfers_goodwill ON ledger_transfers (tenant_id, goodwill_id) WHERE goodwill_id IS NOT NULL;
CREATE INDEX ledger_transfers_decision ON ledger_transfers (tenant_id, decision_id) WHERE decision_id IS NOT NULL;
CREATE INDEX ledger_transfers_deposit ON ledger_transfers (tenant_id, deposit_movement_id)
  WHERE deposit_movement_id IS NOT NULL;
CREATE INDEX ledger_transfers_recovery ON ledger_transfers (tenant_id, recovery_id) WHERE recovery_id IS NOT NULL;
CREATE INDEX ledger_transfers_payout ON ledger_transfers (tenant_id, payout_id) WHERE payout_id IS NOT NULL;
CREATE INDEX ledger_transfers_party_payment ON ledger_transfers (tenant_id, party_payment_id)
  WHERE party_payment_id IS NOT NULL;
CREATE INDEX ledger_transfers_chargeback ON ledger_transfers (tenant_id, chargeback_id)
  WHERE chargeback_id IS NOT NULL;
CREATE INDEX ledger_transfers_carrier_claim ON ledger_transfers (tenant_id, carrier_claim_id)
  WHERE carrier_claim_id IS NOT NULL;
CREATE INDEX ledger_transfers_rule ON ledger_transfers (tenant_id, rule_version_id) WHERE rule_version_id IS NOT NULL;
CREATE INDEX ledger_transfers_reverses ON ledger_transfers (tenant_id, reverses_id) WHERE reverses_id IS NOT NULL;

-- Every statement adds entries that sum to zero per transfer and currency, so every transfer always does: what was added
-- is looked at, and not once more what was there. Reading it again cost a sixth of posting.
CREATE OR REPLACE FUNCTION transfers_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  unbalanced text;
BEGIN
  SELECT a.transfer_id INTO unbalanced FROM added a
  GROUP BY a.tenant_id, a.transfer_id, a.currency HAVING sum(a.amount_minor) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'transfer % does not balance', unbalanced USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
