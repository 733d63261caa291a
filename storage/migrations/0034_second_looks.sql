-- Each side of a decision appeals by itself, and the other side knows of it and may answer (domain/appeals/).
ALTER TABLE appeals ADD COLUMN respondent_id text COLLATE "C";  -- the other side of the decision; null: there is none
ALTER TABLE appeals ADD COLUMN response text;
ALTER TABLE appeals ADD COLUMN response_upload_ids text[] NOT NULL DEFAULT '{}';
ALTER TABLE appeals ADD COLUMN responded_at timestamptz;
ALTER TABLE appeals ADD COLUMN urgent boolean NOT NULL DEFAULT false;
ALTER TABLE appeals ADD COLUMN stays boolean NOT NULL DEFAULT false;  -- the measure waits for the outcome
ALTER TABLE appeals ADD CHECK (num_nonnulls(response, responded_at) <> 1);
ALTER TABLE appeals ADD CHECK (NOT stays OR (urgent AND ended_at IS NULL));
UPDATE appeals a SET respondent_id = CASE WHEN a.buyer_id IS NULL THEN c.buyer_id
  ELSE coalesce(c.supplier_id, c.provider_id) END
FROM claims c WHERE c.tenant_id = a.tenant_id AND c.id = a.subject_id AND a.subject_kind = 'CLAIM_DECISION';
-- Once per decision and side, whatever comes of it.
DROP INDEX appeals_once;
CREATE UNIQUE INDEX appeals_once ON appeals
  (tenant_id, subject_id, subject_key, (coalesce(buyer_id, supplier_id, provider_id))) WHERE state <> 'DRAFT';
CREATE INDEX appeals_respondent ON appeals (tenant_id, respondent_id, drafted_at, id);

-- Measures that rest on no points: a scorecard below standard, and an overdue invoice of a supplier (domain/measures.py).
ALTER TABLE measures DROP CONSTRAINT measures_check2;
ALTER TABLE measures ADD CHECK ((basis IN ('SCORECARD', 'DEBT')) = (entry_id IS NULL));
ALTER TABLE measures ADD COLUMN about text COLLATE "C";  -- the invoice; null: a scorecard, or points
ALTER TABLE measures ADD CHECK ((basis = 'DEBT') = (about IS NOT NULL));
ALTER TABLE measures ADD COLUMN withheld text[] NOT NULL DEFAULT '{}';  -- actions, where they are not the kind's own
CREATE INDEX measures_about ON measures (tenant_id, about, id) WHERE about IS NOT NULL;
CREATE INDEX measures_live_basis ON measures (tenant_id, basis, id) WHERE state IN ('ANNOUNCED', 'IN_FORCE');
