-- Rules as data: immutable versions with publication and effect dates.

CREATE TABLE rule_versions (
  tenant_id       text COLLATE "C" NOT NULL REFERENCES tenants,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'rul\__%'),
  key             text COLLATE "C" NOT NULL,   -- guarantees/on_time
  kind            text NOT NULL,               -- a word of domain/rulebook.py
  number          integer NOT NULL CHECK (number > 0),
  title           text NOT NULL,
  published_at    timestamptz NOT NULL,
  effective_from  timestamptz NOT NULL,
  effective_until timestamptz,                 -- null: until superseded
  withdrawn_at    timestamptz,                 -- withdrawn before it took effect
  source          text NOT NULL,               -- the TOML as published
  body            jsonb NOT NULL,              -- its numbers, spelled one way
  digest          text NOT NULL,               -- sha256 of the source
  published_by    text COLLATE "C" NOT NULL,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, key, number),
  CHECK (effective_until IS NULL OR effective_until > effective_from),
  CHECK (published_at <= effective_from),
  CHECK (withdrawn_at IS NULL OR withdrawn_at < effective_from),
  EXCLUDE USING gist (tenant_id WITH =, key WITH =, tstzrange(effective_from, effective_until) WITH &&)
    WHERE (withdrawn_at IS NULL)
);
CALL protect('rule_versions');

-- A version never changes, but for its end: superseded once, or withdrawn once before it takes effect.
CREATE FUNCTION rule_versions_are_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR (to_jsonb(OLD) - '{effective_until,withdrawn_at,version}'::text[])
       IS DISTINCT FROM (to_jsonb(NEW) - '{effective_until,withdrawn_at,version}'::text[])
     OR OLD.withdrawn_at IS NOT NULL
     OR (OLD.effective_until IS NOT NULL AND OLD.effective_until < now()) THEN
    RAISE EXCEPTION 'rule versions are immutable' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON rule_versions FOR EACH ROW EXECUTE FUNCTION rule_versions_are_immutable();
