-- Statements and balances as of any instant: each entry carries its instant, and each account its sums per day.

ALTER TABLE ledger_entries ADD COLUMN at timestamptz; -- that of its transfer: a statement is one range of one index
ALTER TABLE ledger_entries DISABLE TRIGGER append_only;
UPDATE ledger_entries e SET at = t.at FROM ledger_transfers t WHERE t.tenant_id = e.tenant_id AND t.id = e.transfer_id;
ALTER TABLE ledger_entries ENABLE TRIGGER append_only;
ALTER TABLE ledger_entries ALTER COLUMN at SET NOT NULL;
DROP INDEX ledger_entries_account;
CREATE INDEX ledger_entries_statement ON ledger_entries (tenant_id, account_id, at, transfer_id, position)
  INCLUDE (amount_minor);

-- What moved on an account on a day (UTC): a balance as of an instant is the days before it and one part of a day.
CREATE TABLE ledger_days (
  tenant_id    text COLLATE "C" NOT NULL,
  account_id   text COLLATE "C" NOT NULL,
  day          date NOT NULL,
  currency     char(3) NOT NULL,
  amount_minor bigint NOT NULL,               -- debits less credits
  PRIMARY KEY (tenant_id, account_id, day),
  FOREIGN KEY (tenant_id, account_id) REFERENCES ledger_accounts
) WITH (fillfactor = 70);
CALL protect('ledger_days');
INSERT INTO ledger_days (tenant_id, account_id, day, currency, amount_minor)
SELECT tenant_id, account_id, (at AT TIME ZONE 'UTC')::date, currency, sum(amount_minor)
FROM ledger_entries GROUP BY 1, 2, 3, 4;

-- Balances are changed over and over and no index holds them: room for the new version lies beside the old one.
ALTER TABLE ledger_accounts SET (fillfactor = 50);

-- The sixteen stripes of an account together stay within 64 bits.
ALTER TABLE ledger_accounts ADD CONSTRAINT ledger_accounts_bounds
  CHECK (balance_minor BETWEEN -576460752303423488 AND 576460752303423488);

-- Every transfer sums to zero per currency, or the statement that adds entries to it fails: one look per statement,
-- where one per entry, at commit, cost more than the rest of posting.
DROP TRIGGER balanced ON ledger_entries;
CREATE OR REPLACE FUNCTION transfers_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  unbalanced text;
BEGIN
  SELECT e.transfer_id INTO unbalanced
  FROM (SELECT DISTINCT tenant_id, transfer_id FROM added) a
  JOIN ledger_entries e ON e.tenant_id = a.tenant_id AND e.transfer_id = a.transfer_id
  GROUP BY e.tenant_id, e.transfer_id, e.currency HAVING sum(e.amount_minor) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'transfer % does not balance', unbalanced USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER balanced AFTER INSERT ON ledger_entries REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION transfers_balance();

-- No party's account stands on the side on which it never may (domain/ledger.py, NEVER_DEBIT and NEVER_CREDIT).
-- The platform's own are striped, and one stripe may: the doctor looks at their sum.
DROP TRIGGER overdrawn ON ledger_accounts;
DROP FUNCTION refuse_overdrawn_deposit;
CREATE FUNCTION refuse_overdrawn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of % is overdrawn', NEW.name, NEW.party_id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_accounts_overdrawn';
END $$;
CREATE TRIGGER overdrawn AFTER INSERT OR UPDATE ON ledger_accounts FOR EACH ROW
  WHEN ((NEW.name IN ('DEPOSIT_HELD', 'FUNDS_HELD') AND NEW.balance_minor > 0)
        OR (NEW.name = 'CONTINGENT' AND NEW.balance_minor < 0))
  EXECUTE FUNCTION refuse_overdrawn();
