-- The first request of those that one is decided with, if it is above a budget: people see such requests in one list.
ALTER TABLE approvals ADD COLUMN bundle BYTEA;
CREATE INDEX approvals_by_bundle ON approvals (bundle) WHERE bundle IS NOT NULL;
