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

-- What providers handed in about themselves, as keyed digests: equal ones have equal digests, and nobody without the
-- tenant's key finds a value by trying.
CREATE TABLE fingerprints (
  tenant_id   text COLLATE "C" NOT NULL,
  provider_id text COLLATE "C" NOT NULL,
  kind        text COLLATE "C" NOT NULL CHECK (kind IN ('OWNER', 'TAX_NUMBER', 'BANK_ACCOUNT', 'DEVICE')),
  digest      text COLLATE "C" NOT NULL CHECK (digest LIKE 'hmac:%'),
  noted_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, provider_id, kind, digest),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
CREATE INDEX fingerprints_digest ON fingerprints (tenant_id, kind, digest, provider_id);
CALL protect('fingerprints', 'SELECT, INSERT');

-- Two providers that seem to be one hand's. A pair has one row.
CREATE TABLE relations (
  tenant_id   text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL CHECK (id LIKE 'rel\__%'),
  first_id    text COLLATE "C" NOT NULL,        -- the smaller id of the two
  second_id   text COLLATE "C" NOT NULL,
  state       text NOT NULL CHECK (state IN ('DECLARED', 'DETECTED', 'CLEARED')),
  matches     text[] NOT NULL,                  -- fingerprints they share: KIND:digest
  cleared     text[] NOT NULL,                  -- those that the desk found to be a coincidence
  declared_by text[] NOT NULL,                  -- who of the two said so
  note        text,
  reason      text,                             -- why it was cleared
  found_at    timestamptz NOT NULL,
  cleared_at  timestamptz,
  version     integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, first_id, second_id),
  CHECK (first_id < second_id),
  CHECK (NOT matches && cleared),
  CHECK ((state = 'CLEARED') = (cleared_at IS NOT NULL)),
  CHECK ((state = 'CLEARED') = (matches = '{}' AND declared_by = '{}')),
  CHECK ((state = 'DETECTED') = (matches <> '{}')),
  CHECK (state <> 'CLEARED' OR reason IS NOT NULL),
  FOREIGN KEY (tenant_id, first_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, second_id) REFERENCES providers
);
CREATE INDEX relations_second ON relations (tenant_id, second_id);
CALL protect('relations');

-- What is held of a provider's money, per currency, and everything that came and went.
CREATE TABLE deposits (
  tenant_id      text COLLATE "C" NOT NULL,
  id             text COLLATE "C" NOT NULL CHECK (id LIKE 'dep\__%'),
  provider_id    text COLLATE "C" NOT NULL,
  currency       char(3) NOT NULL,
  held_minor     bigint NOT NULL CHECK (held_minor >= 0),
  received_minor bigint NOT NULL CHECK (received_minor >= 0),
  drawn_minor    bigint NOT NULL CHECK (drawn_minor >= 0),
  returned_minor bigint NOT NULL CHECK (returned_minor >= 0),
  opened_at      timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL,
  version        integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, provider_id, currency),
  CHECK (held_minor = received_minor - drawn_minor - returned_minor),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
CALL protect('deposits');

CREATE TABLE deposit_movements (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'dmv\__%'),
  deposit_id   text COLLATE "C" NOT NULL,
  provider_id  text COLLATE "C" NOT NULL,
  kind         text NOT NULL,                   -- a word of domain/deposits.py: RECEIVED
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  left_minor   bigint NOT NULL CHECK (left_minor >= 0), -- what was held afterwards
  currency     char(3) NOT NULL,
  reference    text,                            -- the bank's, where money came from outside or went there
  reason       text,                            -- why it was drawn
  moved_by     text COLLATE "C" NOT NULL,
  moved_at     timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, deposit_id) REFERENCES deposits,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
CREATE INDEX deposit_movements_deposit ON deposit_movements (tenant_id, deposit_id, moved_at, id);
CREATE INDEX deposit_movements_provider ON deposit_movements (tenant_id, provider_id);
CREATE UNIQUE INDEX deposit_movements_reference ON deposit_movements (tenant_id, deposit_id, kind, reference)
  WHERE reference IS NOT NULL;
CALL protect('deposit_movements', 'SELECT, INSERT');
CALL make_append_only('deposit_movements');

-- Money that moves because a deposit did names the movement as its cause.
ALTER TABLE ledger_transfers
  ADD COLUMN deposit_movement_id text COLLATE "C",
  ADD FOREIGN KEY (tenant_id, deposit_movement_id) REFERENCES deposit_movements,
  DROP CONSTRAINT ledger_transfers_check,
  ADD CONSTRAINT ledger_transfers_cause
    CHECK (num_nonnulls(claim_id, coupon_id, redemption_id, decision_id, deposit_movement_id) > 0);
CREATE INDEX ledger_transfers_deposit ON ledger_transfers (tenant_id, deposit_movement_id);

-- Nobody takes out of a deposit what is not in it. A trigger after the fact, because a CHECK would look at the row that
-- `post` proposes, which holds the difference alone.
CREATE FUNCTION refuse_overdrawn_deposit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'deposit of % is overdrawn', NEW.party_id USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER overdrawn AFTER INSERT OR UPDATE ON ledger_accounts FOR EACH ROW
  WHEN (NEW.name = 'DEPOSIT_HELD' AND NEW.balance_minor > 0) EXECUTE FUNCTION refuse_overdrawn_deposit();
