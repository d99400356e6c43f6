-- Ids are the 16 bytes of a UUIDv7, digests 32 bytes, times microseconds since 1970, bodies JSON.
--
-- Keys that come from outside are random. An index over all of them would change a page of its own for nearly every
-- alert; so a row has an era, which counts up every few thousand rows, and such an index begins with it: what comes in
-- together touches the same few pages. The writer knows in which eras a key may stand.

CREATE TABLE alerts (
    id           BLOB    NOT NULL PRIMARY KEY,
    era          INTEGER NOT NULL,
    source       TEXT    NOT NULL,
    dedup        BLOB    NOT NULL,
    incident     BLOB,
    firing       INTEGER NOT NULL,
    count        INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    resolved_at  INTEGER,
    body         TEXT    NOT NULL,
    -- As it was received; last, so that lists do not read past it.
    raw          TEXT    NOT NULL
) STRICT;
-- Eight bytes of the digest are enough to find it, and keep the pages few that a burst of alerts touches.
CREATE INDEX alerts_by_dedup ON alerts (era, substr(dedup, 1, 8));
CREATE INDEX alerts_by_incident ON alerts (incident);

CREATE TABLE deliveries (
    era      INTEGER NOT NULL,
    source   TEXT    NOT NULL,
    delivery TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    answer   TEXT    NOT NULL,
    PRIMARY KEY (era, source, delivery)
) STRICT, WITHOUT ROWID;

CREATE TABLE incidents (
    id      BLOB    NOT NULL PRIMARY KEY,
    era     INTEGER NOT NULL,
    version INTEGER NOT NULL,
    key     TEXT    NOT NULL,
    open    INTEGER NOT NULL,
    body    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX incidents_open ON incidents (era, key) WHERE open = 1;

CREATE TABLE runs (
    id         BLOB    NOT NULL PRIMARY KEY,
    version    INTEGER NOT NULL,
    incident   BLOB    NOT NULL,
    playbook   TEXT    NOT NULL,
    digest     BLOB    NOT NULL,
    agent      TEXT    NOT NULL,
    mode       TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    verdict    TEXT,
    open       INTEGER NOT NULL,
    wake_at    INTEGER,
    live       INTEGER NOT NULL,
    in_hand    INTEGER NOT NULL,
    owner      BLOB    NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    alert_id   BLOB    NOT NULL,
    -- The alert that started it, where it is not among the alerts; it is no part of the state.
    alert      TEXT,
    state      TEXT    NOT NULL
) STRICT;
-- A run is live while it is open or still has something to look at later. Timers, recovery and takeovers
-- read only this index, and nothing of the rows: so it has every column that they ask about, `live` too.
CREATE INDEX runs_live ON runs (wake_at, open, id, incident, playbook, owner, in_hand, live) WHERE live = 1;
CREATE INDEX runs_by_incident ON runs (incident);
-- The states of runs with the alert that started each put back.
CREATE VIEW run_states AS
    SELECT r.id AS id, '{"alert":' || coalesce(r.alert, a.body) || ',' || substr(r.state, 2) AS state
    FROM runs AS r LEFT JOIN alerts AS a ON r.alert IS NULL AND a.id = r.alert_id;

-- Who has a run that is no longer its first owner's (`runs.owner`, under epoch 1). Apart from the runs, so that taking
-- over very many of them writes a few bytes for each instead of its whole state.
CREATE TABLE claims (
    run         BLOB    NOT NULL PRIMARY KEY,
    owner       BLOB,
    epoch       INTEGER NOT NULL,
    takeovers   INTEGER NOT NULL,
    quarantined TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_quarantined ON claims (run) WHERE quarantined IS NOT NULL;

-- Replicas that are alive. The lock file keeps out every other process, so a row needs no beat to stay true.
CREATE TABLE replicas (
    id           BLOB    NOT NULL PRIMARY KEY,
    heartbeat_at INTEGER NOT NULL,
    lease_ms     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE late_replies (
    run     BLOB    NOT NULL,
    at      INTEGER NOT NULL,
    step    TEXT    NOT NULL,
    attempt INTEGER NOT NULL,
    epoch   INTEGER NOT NULL,
    replica BLOB    NOT NULL,
    kind    TEXT    NOT NULL,
    outcome TEXT    NOT NULL
) STRICT;
CREATE INDEX late_replies_by_run ON late_replies (run);

CREATE TRIGGER runs_leave_nothing AFTER DELETE ON runs
BEGIN
    DELETE FROM claims WHERE run = OLD.id;
    DELETE FROM late_replies WHERE run = OLD.id;
END;

-- One chain a subject. The subject is a letter for its kind and its id: r(un), i(ncident), a(gent), d(aemon).
CREATE TABLE events (
    subject   BLOB    NOT NULL,
    seq       INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    actor     TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    body      TEXT    NOT NULL,
    prev_hash BLOB    NOT NULL,
    hash      BLOB    NOT NULL,
    PRIMARY KEY (subject, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER events_do_not_change BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'an event is never changed');
END;

CREATE TABLE holds (
    id          BLOB    NOT NULL PRIMARY KEY,
    agent       TEXT    NOT NULL,
    ask_at      INTEGER,
    end_handled INTEGER NOT NULL DEFAULT 0,
    lifted_at   INTEGER,
    lifted_by   TEXT,
    lift_reason TEXT,
    body        TEXT    NOT NULL
) STRICT;
CREATE INDEX holds_standing ON holds (agent) WHERE lifted_at IS NULL;

CREATE TABLE approvals (
    id      BLOB    NOT NULL PRIMARY KEY,
    run     BLOB    NOT NULL,
    agent   TEXT    NOT NULL,
    pending INTEGER NOT NULL,
    body    TEXT    NOT NULL
) STRICT;
CREATE INDEX approvals_pending ON approvals (id) WHERE pending = 1;

CREATE TABLE tokens (
    digest    BLOB    NOT NULL PRIMARY KEY,
    code      BLOB    NOT NULL,
    approval  BLOB    NOT NULL,
    run       BLOB    NOT NULL,
    person    TEXT    NOT NULL,
    message   BLOB    NOT NULL,
    minted_at INTEGER NOT NULL,
    failures  INTEGER NOT NULL,
    revoked   INTEGER NOT NULL
) STRICT;
CREATE INDEX tokens_by_approval ON tokens (approval);

CREATE TABLE messages (
    id         BLOB    NOT NULL PRIMARY KEY,
    run        BLOB,
    status     TEXT    NOT NULL,
    next_at    INTEGER NOT NULL,
    failures   INTEGER NOT NULL DEFAULT 0,
    error      TEXT,
    ended_at   INTEGER,
    body       TEXT    NOT NULL
) STRICT;
CREATE INDEX messages_open ON messages (status, next_at) WHERE status <> 'sent';
CREATE INDEX messages_by_run ON messages (run) WHERE run IS NOT NULL;

CREATE TABLE containments (
    at       INTEGER NOT NULL,
    agent    TEXT    NOT NULL,
    run      BLOB    NOT NULL,
    playbook TEXT    NOT NULL
) STRICT;
CREATE INDEX containments_by_time ON containments (at);

CREATE TABLE playbooks (
    digest    BLOB    NOT NULL PRIMARY KEY,
    name      TEXT    NOT NULL,
    text      TEXT    NOT NULL,
    first_at  INTEGER NOT NULL,
    loaded_at INTEGER NOT NULL
) STRICT;

CREATE TABLE dead_letters (
    id   BLOB NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE blobs (
    digest BLOB NOT NULL PRIMARY KEY,
    bytes  BLOB NOT NULL
) STRICT;

CREATE TABLE gate_sightings (
    agent      TEXT    NOT NULL PRIMARY KEY,
    seen_at    INTEGER NOT NULL,
    refused_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
