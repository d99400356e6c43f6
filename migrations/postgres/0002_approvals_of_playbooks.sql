-- What a playbook version uses of the configuration's approvals, as JSON; null if it uses none. A run finishes on what it
-- started with, whatever the configuration says by then.
ALTER TABLE playbooks ADD COLUMN approvals TEXT;
