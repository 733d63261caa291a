-- Refunds are due at a time, and a claim that itself waits for what runs beneath it is as urgent as that.

ALTER TABLE refunds
  ADD COLUMN due_at     timestamptz,               -- the last instant to pay it in time
  ADD COLUMN overdue_at timestamptz,               -- when it was first found not to be paid in time
  -- What is still to be paid and has no deadline comes last.
  ADD COLUMN urgent_at  timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(due_at, 'infinity')) STORED,
  ADD CHECK (due_at IS NULL OR ended_at IS NULL);
CREATE INDEX refunds_work ON refunds (tenant_id, urgent_at, id) WHERE state IN ('DECIDED', 'FAILED');

-- The nearest deadline of what runs beneath a claim: kept by the database alone, at the end of each transaction that
-- starts, moves or ends such a clock. A claim with a duty of its own is as urgent as that; one without, and not ended,
-- as what it waits for. The indexes that go by it are made anew as they were.
ALTER TABLE claims ADD COLUMN beneath_due_at timestamptz;
ALTER TABLE claims DROP COLUMN urgent_at;
ALTER TABLE claims ADD COLUMN urgent_at timestamptz NOT NULL GENERATED ALWAYS AS
  (coalesce(due_at, CASE WHEN ended_at IS NULL THEN beneath_due_at END, 'infinity')) STORED;
CREATE INDEX claims_urgency ON claims (tenant_id, urgent_at, queue_rank, id);
CREATE INDEX claims_desk ON claims (tenant_id, urgent_at, queue_rank, id)
  WHERE state IN ('ESCALATED', 'UNDER_DECISION');
CREATE INDEX claims_desk_of ON claims (tenant_id, held_by, urgent_at, queue_rank, id)
  WHERE state IN ('ESCALATED', 'UNDER_DECISION');
CREATE INDEX claims_work ON claims (tenant_id, duty, held_by, urgent_at, queue_rank, id)
  WHERE state IN ('ESCALATED', 'UNDER_DECISION') AND proposal_id IS NULL;
CREATE INDEX claims_assignment ON claims (tenant_id, held_by, urgent_at, queue_rank, id)
  WHERE ended_at IS NULL;
CREATE INDEX claims_second_eyes ON claims (tenant_id, urgent_at, queue_rank, id)
  WHERE state IN ('ESCALATED', 'UNDER_DECISION') AND proposal_id IS NOT NULL;

CREATE FUNCTION things_of_claim(tenant text, claim text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
  SELECT r.id FROM goods_returns r WHERE r.tenant_id = tenant AND r.claim_id = claim AND r.ended_at IS NULL
  UNION ALL SELECT r.id FROM remedies r WHERE r.tenant_id = tenant AND r.claim_id = claim AND r.due_at IS NOT NULL
  UNION ALL SELECT r.id FROM refunds r WHERE r.tenant_id = tenant AND r.claim_id = claim AND r.ended_at IS NULL
  UNION ALL SELECT i.id FROM inspections i WHERE i.tenant_id = tenant AND i.claim_id = claim AND i.state = 'ORDERED'
  UNION ALL SELECT a.id FROM appeals a
    WHERE a.tenant_id = tenant AND a.subject_id = claim AND a.ended_at IS NULL AND a.state <> 'DRAFT'
$$;

CREATE FUNCTION claim_is_as_urgent() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  claim text;
  nearest timestamptz;
BEGIN
  claim := CASE left(NEW.subject_id, 4)
    WHEN 'ret_' THEN (SELECT x.claim_id FROM goods_returns x WHERE x.tenant_id = NEW.tenant_id AND x.id = NEW.subject_id)
    WHEN 'rmd_' THEN (SELECT x.claim_id FROM remedies x WHERE x.tenant_id = NEW.tenant_id AND x.id = NEW.subject_id)
    WHEN 'rfd_' THEN (SELECT x.claim_id FROM refunds x WHERE x.tenant_id = NEW.tenant_id AND x.id = NEW.subject_id)
    WHEN 'isp_' THEN (SELECT x.claim_id FROM inspections x WHERE x.tenant_id = NEW.tenant_id AND x.id = NEW.subject_id)
    WHEN 'apl_' THEN (SELECT x.subject_id FROM appeals x WHERE x.tenant_id = NEW.tenant_id AND x.id = NEW.subject_id)
  END;
  IF claim IS NOT NULL THEN
    -- Thing by thing, so that whatever the planner believes of the tables no other thing's clocks are read.
    SELECT min(d.due_at) INTO nearest FROM things_of_claim(NEW.tenant_id, claim) AS thing CROSS JOIN LATERAL (
      SELECT min(k.due_at) AS due_at FROM clocks k
      WHERE k.tenant_id = NEW.tenant_id AND k.subject_id = thing AND k.state = 'RUNNING'
    ) d;
    UPDATE claims c SET beneath_due_at = nearest
      WHERE c.tenant_id = NEW.tenant_id AND c.id = claim AND c.beneath_due_at IS DISTINCT FROM nearest;
  END IF;
  RETURN NULL;
END $$;

-- Deferred: by its end a transaction has locked its orders and claims in their order, and all that moved is in place.
CREATE CONSTRAINT TRIGGER beneath_claim AFTER INSERT OR UPDATE ON clocks DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.duty IN (
    'ARRANGE_RETURN', 'SEND_RETURN', 'RECEIVE_RETURN', 'INSPECT_RETURN', 'PROVIDE_REMEDY', 'CONFIRM_REMEDY',
    'PAY_REFUND', 'REPORT_INSPECTION', 'ADMIT_APPEAL', 'DECIDE_APPEAL', 'ANSWER_APPEAL'
  )) EXECUTE FUNCTION claim_is_as_urgent();

UPDATE claims c SET beneath_due_at = n.due_at FROM (
  SELECT m.tenant_id, m.id, min(k.due_at) AS due_at FROM claims m
  CROSS JOIN LATERAL things_of_claim(m.tenant_id, m.id) AS thing
  JOIN clocks k ON k.tenant_id = m.tenant_id AND k.subject_id = thing AND k.state = 'RUNNING'
  WHERE m.ended_at IS NULL GROUP BY m.tenant_id, m.id
) n WHERE c.tenant_id = n.tenant_id AND c.id = n.id;

-- What a hold adds to a deadline of days may lie within the day with which it ends already.
ALTER TABLE held_clocks DROP CONSTRAINT held_clocks_check1;
ALTER TABLE held_clocks ADD CONSTRAINT held_clocks_later CHECK (due_before <= due_after);

-- When a buyer whose tier is not compensated by itself was told that it may apply, and what waits for its application.
ALTER TABLE coverages ADD COLUMN offered_at timestamptz;
CREATE INDEX coverages_offered ON coverages (tenant_id, buyer_id, closes_at, id)
  WHERE state = 'IN_FORCE' AND offered_at IS NOT NULL;
