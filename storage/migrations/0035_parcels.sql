-- Parcels on their way back: under which carrier and number a return travels in one spelling, and what is reported of it.

ALTER TABLE goods_returns
  ADD COLUMN parcel         text COLLATE "C",     -- domain/parcels.py `key`
  ADD COLUMN tracking_valid boolean,              -- whether the number's check digit fits; null where it has none
  ADD CONSTRAINT goods_returns_parcel CHECK ((parcel IS NULL) = (tracking_number IS NULL)) NOT VALID;
-- A return from before is spelled like any other; its number was not checked, so that nobody called it wrong.
UPDATE goods_returns SET parcel =
  coalesce(nullif(lower(regexp_replace(carrier COLLATE "C", '[^0-9A-Za-z]', '', 'g')), ''), lower(carrier)) || ':'
  || upper(regexp_replace(tracking_number COLLATE "C", '[\s./()-]', '', 'g'))
WHERE tracking_number IS NOT NULL;
ALTER TABLE goods_returns VALIDATE CONSTRAINT goods_returns_parcel;
CREATE INDEX goods_returns_by_parcel ON goods_returns (tenant_id, parcel) WHERE parcel IS NOT NULL;

CREATE TABLE parcel_reports (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'pcr\__%'),
  parcel          text COLLATE "C" NOT NULL,
  return_id       text COLLATE "C",               -- the return that travels so; null: nobody knows of any
  carrier         text NOT NULL,                  -- as the reporter spelled it
  tracking_number text NOT NULL,
  reference       text COLLATE "C" NOT NULL,      -- the reporter's own number of the report
  status          text NOT NULL,
  reason          text,
  milestone       text,
  place           text,
  note            text,
  eta_at          timestamptz,
  codes_of        text COLLATE "C",               -- whose codes: the last part of a rule's key
  code            text COLLATE "C",
  flags           text[] NOT NULL DEFAULT '{}',
  occurred_at     timestamptz NOT NULL,
  recorded_at     timestamptz NOT NULL,
  expires_at      timestamptz,                    -- until when one that is of no return is kept
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, parcel, reference),
  CHECK ((codes_of IS NULL) = (code IS NULL)),
  CHECK (return_id IS NOT NULL OR expires_at IS NOT NULL),
  FOREIGN KEY (tenant_id, return_id) REFERENCES goods_returns
);
CREATE INDEX parcel_reports_return ON parcel_reports (tenant_id, return_id, occurred_at, id);
CREATE INDEX parcel_reports_age ON parcel_reports (tenant_id, occurred_at, id);
CREATE INDEX parcel_reports_waiting ON parcel_reports (tenant_id, expires_at) WHERE return_id IS NULL;
CALL protect('parcel_reports', 'SELECT, INSERT, UPDATE (return_id), DELETE');
