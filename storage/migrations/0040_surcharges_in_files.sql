-- Files of rates bring surcharges as well; suppliers are related to each other, and to providers, as providers are.

-- What a file brought goes with its draft; what came with the call stays where it was asked for.
ALTER TABLE surcharges ADD COLUMN line bigint CHECK (line > 1);   -- of its file; null: it came with the call
ALTER TABLE rate_imports ADD COLUMN surcharges bigint NOT NULL DEFAULT 0 CHECK (surcharges BETWEEN 0 AND accepted);
ALTER TABLE rate_imports ALTER COLUMN surcharges DROP DEFAULT;    -- of the accepted lines
GRANT DELETE ON surcharges TO {app}, {worker};
CREATE TRIGGER surcharges_stay AFTER DELETE ON surcharges REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_forget_rates();

-- Accounts of one hand may be suppliers' as well: the ids say which.
ALTER TABLE fingerprints DROP CONSTRAINT fingerprints_tenant_id_provider_id_fkey;
ALTER TABLE fingerprints RENAME COLUMN provider_id TO party_id;
ALTER TABLE fingerprints
  ADD COLUMN provider_id text COLLATE "C" GENERATED ALWAYS AS (CASE WHEN party_id LIKE 'prv\_%' THEN party_id END) STORED,
  ADD COLUMN supplier_id text COLLATE "C" GENERATED ALWAYS AS (CASE WHEN party_id LIKE 'sup\_%' THEN party_id END) STORED,
  ADD CHECK (num_nonnulls(provider_id, supplier_id) = 1),
  ADD FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  ADD FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers;
CREATE INDEX fingerprints_provider ON fingerprints (tenant_id, provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX fingerprints_supplier ON fingerprints (tenant_id, supplier_id) WHERE supplier_id IS NOT NULL;

ALTER TABLE relations
  DROP CONSTRAINT relations_tenant_id_first_id_fkey,
  DROP CONSTRAINT relations_tenant_id_second_id_fkey,
  ADD COLUMN first_provider_id text COLLATE "C"
    GENERATED ALWAYS AS (CASE WHEN first_id LIKE 'prv\_%' THEN first_id END) STORED,
  ADD COLUMN first_supplier_id text COLLATE "C"
    GENERATED ALWAYS AS (CASE WHEN first_id LIKE 'sup\_%' THEN first_id END) STORED,
  ADD COLUMN second_provider_id text COLLATE "C"
    GENERATED ALWAYS AS (CASE WHEN second_id LIKE 'prv\_%' THEN second_id END) STORED,
  ADD COLUMN second_supplier_id text COLLATE "C"
    GENERATED ALWAYS AS (CASE WHEN second_id LIKE 'sup\_%' THEN second_id END) STORED,
  ADD CHECK (num_nonnulls(first_provider_id, first_supplier_id) = 1),
  ADD CHECK (num_nonnulls(second_provider_id, second_supplier_id) = 1),
  ADD FOREIGN KEY (tenant_id, first_provider_id) REFERENCES providers,
  ADD FOREIGN KEY (tenant_id, first_supplier_id) REFERENCES suppliers,
  ADD FOREIGN KEY (tenant_id, second_provider_id) REFERENCES providers,
  ADD FOREIGN KEY (tenant_id, second_supplier_id) REFERENCES suppliers;
CREATE INDEX relations_first_provider ON relations (tenant_id, first_provider_id) WHERE first_provider_id IS NOT NULL;
CREATE INDEX relations_first_supplier ON relations (tenant_id, first_supplier_id) WHERE first_supplier_id IS NOT NULL;
CREATE INDEX relations_second_provider ON relations (tenant_id, second_provider_id) WHERE second_provider_id IS NOT NULL;
CREATE INDEX relations_second_supplier ON relations (tenant_id, second_supplier_id) WHERE second_supplier_id IS NOT NULL;
