-- Tracking in full: numbers with check digits, movement, pickup and proof on shipments; codes, milestones and flags on
-- reports; legs; reports of shipments that nobody has recorded yet.

ALTER TABLE shipments
  ADD COLUMN tracking_number text COLLATE "C",
  ADD COLUMN tracking_scheme text,                -- a word of domain/check_digits.py; null where its form says nothing
  ADD COLUMN tracking_valid  boolean,             -- whether the check digit fits; null where there is none
  ADD COLUMN responsible     text,                -- who answers for the report that led to the state it stands in
  ADD COLUMN first_eta_at    timestamptz,         -- the estimate it was recorded with
  ADD COLUMN moved_at        timestamptz,         -- the last time the goods were seen moving
  ADD COLUMN told_until      timestamptz,         -- when the latest of what was reported, and counts, occurred
  ADD COLUMN stalled_at      timestamptz,         -- since when they count as stuck
  ADD COLUMN pickup_from_at  timestamptz,
  ADD COLUMN pickup_until_at timestamptz,
  ADD COLUMN proven_at       timestamptz,
  ADD COLUMN signer_digest   text,                -- keyed; who signed is in personal_data
  ADD COLUMN proof_upload_id text COLLATE "C",
  ADD CONSTRAINT shipments_tracking CHECK (tracking_number IS NOT NULL OR tracking_valid IS NULL),
  ADD CONSTRAINT shipments_pickup CHECK (pickup_from_at < pickup_until_at),
  ADD CONSTRAINT shipments_proof CHECK ((proven_at IS NULL) = (signer_digest IS NULL)),
  ADD CONSTRAINT shipments_proof_upload FOREIGN KEY (tenant_id, proof_upload_id) REFERENCES uploads;
CREATE INDEX shipments_tracking_number ON shipments (tenant_id, provider_id, tracking_number)
  WHERE tracking_number IS NOT NULL;
CREATE INDEX shipments_proof_upload ON shipments (tenant_id, proof_upload_id);

-- What was reported so far, as the fold of domain/tracking.py has it.
UPDATE shipments s SET moved_at = e.moved_at, told_until = e.told_until
FROM (SELECT tenant_id, shipment_id, max(occurred_at) AS told_until, max(occurred_at) FILTER (WHERE
        status NOT IN ('UNKNOWN', 'PENDING', 'CANCELLED') AND reason IS DISTINCT FROM 'CARRIER_LOST') AS moved_at
      FROM tracking_events GROUP BY tenant_id, shipment_id) e
WHERE e.tenant_id = s.tenant_id AND e.shipment_id = s.id;

UPDATE shipments s SET first_eta_at = eta_at
WHERE NOT EXISTS (SELECT FROM tracking_events e
                  WHERE e.tenant_id = s.tenant_id AND e.shipment_id = s.id AND e.eta_at IS NOT NULL);

-- Room beside a row for its next version: a shipment is updated with each report, and none of its indexed columns with it.
ALTER TABLE shipments SET (fillfactor = 75);

ALTER TABLE tracking_events
  ADD COLUMN milestone  text,
  ADD COLUMN carrier    text COLLATE "C",         -- whose codes: the last part of a rule's key
  ADD COLUMN code       text COLLATE "C",         -- the carrier's own, as it came
  ADD COLUMN leg_number integer,                  -- as the reporter named it
  ADD COLUMN flags      text[] NOT NULL DEFAULT '{}',
  ADD CONSTRAINT tracking_events_code CHECK ((carrier IS NULL) = (code IS NULL));

CREATE TABLE legs (
  tenant_id              text COLLATE "C" NOT NULL,
  id                     text COLLATE "C" NOT NULL CHECK (id LIKE 'leg\__%'),
  shipment_id            text COLLATE "C" NOT NULL,
  number                 integer NOT NULL CHECK (number > 0),
  mode                   text NOT NULL,
  provider_id            text COLLATE "C",        -- who carries: a provider of the marketplace …
  carrier_name           text,                    -- … or somebody named
  from_key               text COLLATE "C" NOT NULL, -- areas: domain/places.py
  to_key                 text COLLATE "C" NOT NULL,
  planned_departure_at   timestamptz,
  planned_arrival_at     timestamptz,
  estimated_departure_at timestamptz,
  estimated_arrival_at   timestamptz,
  departed_at            timestamptz,
  arrived_at             timestamptz,
  document_number        text COLLATE "C",        -- of the transport document: bill of lading, air waybill, CMR
  tracking_number        text COLLATE "C",        -- of the container or the parcel
  tracking_scheme        text,
  tracking_valid         boolean,
  version                integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, shipment_id, number),
  CHECK ((provider_id IS NULL) <> (carrier_name IS NULL)),
  CHECK (planned_departure_at <= planned_arrival_at),
  CHECK (departed_at <= arrived_at),
  FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
CREATE INDEX legs_provider ON legs (tenant_id, provider_id);
CREATE INDEX legs_tracking_number ON legs (tenant_id, tracking_number) WHERE tracking_number IS NOT NULL;
CALL protect('legs');

-- Reports of shipments that are not recorded yet. They leave when the shipment comes or when their time is over.
CREATE TABLE waiting_events (
  tenant_id          text COLLATE "C" NOT NULL,
  id                 text COLLATE "C" NOT NULL CHECK (id LIKE 'wev\__%'),
  provider_id        text COLLATE "C" NOT NULL,
  shipment_reference text COLLATE "C",
  tracking_number    text COLLATE "C",
  reference          text COLLATE "C" NOT NULL,
  report             jsonb NOT NULL,              -- what was told, as domain/tracking.py reads it
  received_at        timestamptz NOT NULL,
  expires_at         timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE NULLS NOT DISTINCT (tenant_id, provider_id, shipment_reference, tracking_number, reference),
  CHECK ((shipment_reference IS NULL) <> (tracking_number IS NULL)),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
CREATE INDEX waiting_events_received ON waiting_events (tenant_id, received_at, id);
CREATE INDEX waiting_events_provider ON waiting_events (tenant_id, provider_id, received_at, id);
CREATE INDEX waiting_events_number ON waiting_events (tenant_id, provider_id, tracking_number);
CREATE INDEX waiting_events_expiry ON waiting_events (tenant_id, expires_at);
CALL protect('waiting_events', 'SELECT, INSERT, DELETE');
