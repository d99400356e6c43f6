-- What a playbook version uses of the configuration's approvals, as JSON; null if it uses none. A run finishes on what it
-- started with, whatever the configuration says by then.
ALTER TABLE playbooks ADD COLUMN approvals TEXT;

-- The first request of those that one is decided with, if it is above a budget: people see such requests in one list.
ALTER TABLE approvals ADD COLUMN bundle BYTEA;
CREATE INDEX approvals_by_bundle ON approvals (bundle) WHERE bundle IS NOT NULL;
