-- Scorecards count as before, with less to do for what does not count (0027_points.sql).

-- Claims that are opened are added up in one statement of their own, without a list of counts in between.
CREATE OR REPLACE FUNCTION score_new_claims() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO party_days AS d
  SELECT n.tenant_id, coalesce(n.supplier_id, n.provider_id), (n.opened_at AT TIME ZONE 'UTC')::date,
    pg_backend_pid() % 8, 0, 0, sum(is_defect(n.outcome, n.shares)::integer),
    sum((n.origin = 'APPLICATION')::integer), 0, 0, 0, 0
  FROM new_rows n WHERE n.origin = 'APPLICATION' OR is_defect(n.outcome, n.shares)
  GROUP BY 1, 2, 3 ORDER BY 1, 2, 3                -- whoever counts several locks them in one order
  ON CONFLICT (tenant_id, party_id, day, stripe) DO UPDATE SET
    defects = d.defects + excluded.defects, asked = d.asked + excluded.asked;
  RETURN NULL;
END $$;

-- Most events are no reply of a party: what they are is looked at before anything is called. A reply is one act of one
-- party, so that there is no order to keep.
DROP TRIGGER score_new ON claim_events;
DROP FUNCTION score_claim_events();

CREATE FUNCTION score_reply() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM move_party_days(ARRAY[(c.tenant_id, coalesce(c.supplier_id, c.provider_id),
    (c.opened_at AT TIME ZONE 'UTC')::date, 0, 0, 0, 0, (w.waited <= interval '12 hours')::integer,
    (w.waited > interval '12 hours' AND w.waited <= interval '24 hours')::integer,
    (w.waited > interval '24 hours' AND w.waited <= interval '48 hours')::integer,
    (w.waited > interval '48 hours')::integer)::party_count])
  FROM claims c CROSS JOIN LATERAL (SELECT NEW.at - c.opened_at AS waited) w
  WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.claim_id AND c.origin = 'APPLICATION' AND NOT EXISTS (
    SELECT FROM claim_events e
    WHERE e.tenant_id = NEW.tenant_id AND e.claim_id = NEW.claim_id AND e.actor = 'LIABLE_PARTY'
      AND (e.at, e.id) < (NEW.at, NEW.id));
  RETURN NULL;
END $$;

CREATE TRIGGER score_new AFTER INSERT ON claim_events
  FOR EACH ROW WHEN (NEW.actor = 'LIABLE_PARTY') EXECUTE FUNCTION score_reply();
