-- Finance sees the deposits of providers that are gone, those that left first at the top.
CREATE INDEX providers_gone ON providers (tenant_id, state_since, id) WHERE state IN ('EXITED', 'TERMINATED');
