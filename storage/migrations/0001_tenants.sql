-- Tenants, their organisations, members and keys; and the three roles' rights on every table to come.
-- owner: runs migrations. app: one tenant, by policy. worker: all tenants in the few tables named by open_to_worker().
-- The roles exist before the first migration (the embedded supervisor or the operator makes them); their names are
-- parameters of the runner: {owner} {app} {worker}.

CREATE EXTENSION IF NOT EXISTS btree_gist;

GRANT USAGE ON SCHEMA public TO {app}, {worker};

-- The tenant of this connection; null when none is set, which matches no row.
CREATE FUNCTION current_tenant() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('makegood.tenant_id', true), '');

-- Puts a table of tenant data behind forced row-level security. `verbs` are what app and worker may do to it.
CREATE PROCEDURE protect(name regclass, verbs text DEFAULT 'SELECT, INSERT, UPDATE') LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('CREATE POLICY owner_all ON %s TO {owner} USING (true) WITH CHECK (true)', name);
  EXECUTE format('CREATE POLICY one_tenant ON %s TO {app}, {worker} USING (tenant_id = current_tenant()) '
                 'WITH CHECK (tenant_id = current_tenant())', name);
  EXECUTE format('GRANT %s ON %s TO {app}, {worker}', verbs, name);
END $$;

-- Lets the worker read a table across tenants: clocks, outbox, audit to be sealed, tenants, keys, members.
CREATE PROCEDURE open_to_worker(name regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE POLICY worker_reads ON %s FOR SELECT TO {worker} USING (true)', name);
END $$;

-- Refuses every change of a row, whoever asks: for audit, ledger, decisions and rule versions.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% rows are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE PROCEDURE make_append_only(name regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
  EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %s EXECUTE FUNCTION refuse_change()', name);
END $$;

CREATE TABLE tenants (
  tenant_id        text COLLATE "C" PRIMARY KEY CHECK (tenant_id LIKE 'ten\__%'),
  id               text COLLATE "C" NOT NULL GENERATED ALWAYS AS (tenant_id) STORED, -- a tenant is a thing like others
  name             text NOT NULL,
  kind             text NOT NULL CHECK (kind IN ('live', 'sandbox')),
  market           text NOT NULL,               -- the policy calendar of the marketplace's own desk
  currency         char(3) NOT NULL,            -- the currency of caps and of spend
  clock_at         timestamptz,                 -- sandbox only: what its clock showed when it was last set
  clock_set_at     timestamptz,                 -- the real instant at which it was set
  clock_runs       boolean NOT NULL DEFAULT true,
  documents_required boolean NOT NULL DEFAULT false, -- frontend keys may send only trusted documents
  digest_key       bytea NOT NULL,              -- keys the digests of personal data in audit and history
  created_at       timestamptz NOT NULL,
  version          integer NOT NULL DEFAULT 1,
  CHECK (kind = 'sandbox' OR clock_at IS NULL),
  CHECK ((clock_at IS NULL) = (clock_set_at IS NULL))
);
CALL protect('tenants', 'SELECT, INSERT, UPDATE');
CALL open_to_worker('tenants');

-- What a tenant's clock shows: the database's clock, unless the tenant is a sandbox whose clock was moved.
CREATE FUNCTION tenant_now(tenant tenants) RETURNS timestamptz LANGUAGE sql STABLE
RETURN CASE WHEN tenant.clock_at IS NULL THEN clock_timestamp()
            WHEN tenant.clock_runs THEN tenant.clock_at + (clock_timestamp() - tenant.clock_set_at)
            ELSE tenant.clock_at END;

CREATE TABLE organisations (
  tenant_id  text COLLATE "C" NOT NULL REFERENCES tenants,
  id         text COLLATE "C" NOT NULL CHECK (id LIKE 'org\__%'),
  kind       text NOT NULL CHECK (kind IN ('operator', 'buyer', 'supplier', 'provider', 'service')),
  name       text NOT NULL,
  created_at timestamptz NOT NULL,
  version    integer NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CALL protect('organisations');

CREATE TABLE members (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'mem\__%'),
  organisation_id text COLLATE "C" NOT NULL,
  issuer          text NOT NULL,
  subject         text NOT NULL,
  roles           text[] NOT NULL,
  joined_at       timestamptz NOT NULL,
  removed_at      timestamptz,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, organisation_id) REFERENCES organisations
);
CREATE INDEX members_organisation ON members (tenant_id, organisation_id);
-- A person may be a member of one organisation per tenant at a time.
CREATE UNIQUE INDEX members_subject ON members (tenant_id, issuer, subject) WHERE removed_at IS NULL;
CREATE INDEX members_look_up ON members (issuer, subject) WHERE removed_at IS NULL;
CALL protect('members');
CALL open_to_worker('members');

CREATE TABLE invitations (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'inv\__%'),
  organisation_id text COLLATE "C" NOT NULL,
  roles           text[] NOT NULL,
  state           text NOT NULL CHECK (state IN ('OPEN', 'ACCEPTED', 'REVOKED', 'EXPIRED')),
  email_digest    text NOT NULL,               -- keyed; the address itself is in personal_data
  secret_hash     bytea NOT NULL,
  invited_by      text COLLATE "C" NOT NULL,
  created_at      timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,
  ended_at        timestamptz,
  member_id       text COLLATE "C",
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, organisation_id) REFERENCES organisations,
  FOREIGN KEY (tenant_id, member_id) REFERENCES members
);
CREATE INDEX invitations_organisation ON invitations (tenant_id, organisation_id);
CREATE INDEX invitations_member ON invitations (tenant_id, member_id);
CALL protect('invitations');
CALL open_to_worker('invitations');

CREATE TABLE api_keys (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'key\__%'),
  organisation_id text COLLATE "C" NOT NULL,
  label           text NOT NULL,
  roles           text[] NOT NULL,
  scopes          text[] NOT NULL,
  secret_hash     bytea NOT NULL,              -- SHA-256 of 256 random bits; the secret itself is kept nowhere
  frontend        boolean NOT NULL DEFAULT false, -- held by a browser or an app: trusted documents may be required of it
  created_at      timestamptz NOT NULL,
  expires_at      timestamptz,
  revoked_at      timestamptz,
  replaced_by     text COLLATE "C",            -- the key that took over at rotation; the old one lives on for the overlap
  last_used_at    timestamptz,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, organisation_id) REFERENCES organisations
);
CREATE UNIQUE INDEX api_keys_look_up ON api_keys (id);
CREATE INDEX api_keys_organisation ON api_keys (tenant_id, organisation_id);
CALL protect('api_keys');
CALL open_to_worker('api_keys');

-- Personal data, apart from everything else so that it can be erased; audit and history hold keyed digests of it.
CREATE TABLE personal_data (
  tenant_id  text COLLATE "C" NOT NULL,
  owner_id   text COLLATE "C" NOT NULL,        -- the invitation, order or member it belongs to
  field      text COLLATE "C" NOT NULL,
  value      jsonb,                            -- null once erased
  written_at timestamptz NOT NULL,
  erased_at  timestamptz,
  PRIMARY KEY (tenant_id, owner_id, field),
  CHECK ((value IS NULL) = (erased_at IS NOT NULL))
);
CALL protect('personal_data');
