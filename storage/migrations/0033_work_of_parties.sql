-- What waits for parties, and what evidence shows of a loss.

ALTER TABLE evidence ADD COLUMN shows jsonb NOT NULL DEFAULT '[]';   -- line and amount of each loss it puts a number to
ALTER TABLE evidence ALTER COLUMN shows DROP DEFAULT;

-- What waits for parties, and for the desk about chargebacks, in the order of its deadlines (`myWork`).
CREATE INDEX clocks_evidence ON clocks (tenant_id, party_id, due_at, id)
  WHERE state = 'RUNNING' AND duty = 'BRING_EVIDENCE';
CREATE INDEX claims_rounds_buyer ON claims (tenant_id, buyer_id, due_at, id) WHERE state = 'EVIDENCE_DUE';
CREATE INDEX claims_rounds_supplier ON claims (tenant_id, supplier_id, due_at, id) WHERE state = 'EVIDENCE_DUE';
CREATE INDEX claims_rounds_provider ON claims (tenant_id, provider_id, due_at, id) WHERE state = 'EVIDENCE_DUE';
CREATE INDEX chargebacks_answers ON chargebacks (tenant_id, supplier_id, due_at, id)
  WHERE state IN ('EVIDENCE_DUE', 'INSUFFICIENT');
CREATE INDEX chargebacks_work ON chargebacks (tenant_id, due_at, id)
  WHERE state = 'PLATFORM_CHECK' OR (state = 'PRE_ARBITRATION' AND NOT contested);
