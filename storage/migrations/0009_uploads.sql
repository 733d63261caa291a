-- Uploads, related accounts and deposits.

CREATE TABLE uploads (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'upl\__%'),
  organisation_id text COLLATE "C" NOT NULL,
  kind            text NOT NULL,                -- a word of domain/uploads.py: what it is for
  file_name       text NOT NULL,
  size_bytes      bigint NOT NULL CHECK (size_bytes > 0),
  file_type       text NOT NULL,                -- what was declared
  sha256          text COLLATE "C" NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  state           text NOT NULL
    CHECK (state IN ('REQUESTED', 'RECEIVED', 'QUARANTINED', 'ACCEPTED', 'REFUSED', 'LAPSED')),
  found_type      text,                         -- what the content is; null when unknown
  requested_by    text COLLATE "C" NOT NULL,
  requested_at    timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,         -- it lapses after that instant unless it was confirmed
  received_at     timestamptz,
  ended_at        timestamptz,
  erased_at       timestamptz,                  -- when the bytes of a failed one were deleted
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state IN ('ACCEPTED', 'REFUSED', 'LAPSED')) = (ended_at IS NOT NULL)),
  CHECK (state <> 'ACCEPTED' OR (found_type = file_type AND received_at IS NOT NULL)),
  CHECK (erased_at IS NULL OR state IN ('REFUSED', 'LAPSED')),
  FOREIGN KEY (tenant_id, organisation_id) REFERENCES organisations
);
CREATE INDEX uploads_organisation ON uploads (tenant_id, organisation_id, id);
CREATE INDEX uploads_open ON uploads (tenant_id, organisation_id) WHERE state IN ('REQUESTED', 'RECEIVED');
CREATE INDEX uploads_failed ON uploads (tenant_id, ended_at, id)
  WHERE state IN ('REFUSED', 'LAPSED') AND erased_at IS NULL;
CALL protect('uploads');

-- What an accepted file is never changes: its digest was told to auditors, and others rest on it.
CREATE FUNCTION refuse_other_bytes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.sha256, NEW.size_bytes, NEW.file_type, NEW.organisation_id, NEW.kind)
     IS DISTINCT FROM (OLD.sha256, OLD.size_bytes, OLD.file_type, OLD.organisation_id, OLD.kind)
     OR OLD.state = 'ACCEPTED' THEN
    RAISE EXCEPTION 'upload % is fixed', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fixed BEFORE UPDATE ON uploads FOR EACH ROW EXECUTE FUNCTION refuse_other_bytes();
