-- Ids are the 16 bytes of a UUIDv7, digests 32 bytes, times microseconds since 1970, bodies JSON, yes and no 1 and 0.
-- Texts are compared byte by byte, whatever the language of the database is.

CREATE TABLE alerts (
    id           BYTEA            NOT NULL PRIMARY KEY,
    source       TEXT COLLATE "C" NOT NULL,
    dedup        BYTEA            NOT NULL,
    incident     BYTEA,
    firing       SMALLINT         NOT NULL,
    count        BIGINT           NOT NULL,
    last_seen_at BIGINT           NOT NULL,
    resolved_at  BIGINT,
    body         TEXT             NOT NULL
);
-- Eight bytes of the digest are enough to find it, and keep the pages few that a burst of alerts touches.
CREATE INDEX alerts_by_dedup ON alerts (substr(dedup, 1, 8));
CREATE INDEX alerts_by_incident ON alerts (incident);

-- Apart from the alert, so that lists do not read past it.
CREATE TABLE alert_bodies (
    id  BYTEA NOT NULL PRIMARY KEY,
    raw TEXT  NOT NULL
);

CREATE TABLE deliveries (
    source   TEXT COLLATE "C" NOT NULL,
    delivery TEXT COLLATE "C" NOT NULL,
    at       BIGINT           NOT NULL,
    answer   TEXT             NOT NULL,
    PRIMARY KEY (source, delivery)
);

CREATE TABLE incidents (
    id      BYTEA            NOT NULL PRIMARY KEY,
    version BIGINT           NOT NULL,
    key     TEXT COLLATE "C" NOT NULL,
    open    SMALLINT         NOT NULL,
    body    TEXT             NOT NULL
);
CREATE UNIQUE INDEX incidents_open ON incidents (key) WHERE open = 1;
CREATE INDEX incidents_open_newest ON incidents (id) WHERE open = 1;

CREATE TABLE runs (
    id         BYTEA            NOT NULL PRIMARY KEY,
    version    BIGINT           NOT NULL,
    incident   BYTEA            NOT NULL,
    playbook   TEXT COLLATE "C" NOT NULL,
    digest     BYTEA            NOT NULL,
    agent      TEXT COLLATE "C" NOT NULL,
    mode       TEXT             NOT NULL,
    status     TEXT             NOT NULL,
    verdict    TEXT,
    open       SMALLINT         NOT NULL,
    wake_at    BIGINT,
    live       SMALLINT         NOT NULL,
    in_hand    SMALLINT         NOT NULL,
    owner      BYTEA            NOT NULL,
    started_at BIGINT           NOT NULL,
    ended_at   BIGINT,
    state      TEXT             NOT NULL
);
-- A run is live while it is open or still has something to look at later. Timers and recovery read only this index.
CREATE INDEX runs_live ON runs (wake_at, open, id) WHERE live = 1;
CREATE INDEX runs_by_incident ON runs (incident);

-- Who has a run that is no longer its first owner's (`runs.owner`, under epoch 1). Apart from the runs, so that taking
-- over very many of them writes a few bytes for each instead of its whole state.
CREATE TABLE claims (
    run         BYTEA  NOT NULL PRIMARY KEY,
    owner       BYTEA,
    epoch       BIGINT NOT NULL,
    takeovers   BIGINT NOT NULL,
    quarantined TEXT
);
CREATE INDEX claims_quarantined ON claims (run) WHERE quarantined IS NOT NULL;

-- Replicas that are alive: those whose lease, counted by the clock of the database, is not over.
CREATE TABLE replicas (
    id           BYTEA  NOT NULL PRIMARY KEY,
    heartbeat_at BIGINT NOT NULL,
    lease_ms     BIGINT NOT NULL
);

CREATE TABLE late_replies (
    rowid   BIGINT GENERATED ALWAYS AS IDENTITY,
    run     BYTEA  NOT NULL,
    at      BIGINT NOT NULL,
    step    TEXT   NOT NULL,
    attempt BIGINT NOT NULL,
    epoch   BIGINT NOT NULL,
    replica BYTEA  NOT NULL,
    kind    TEXT   NOT NULL,
    outcome TEXT   NOT NULL
);
CREATE INDEX late_replies_by_run ON late_replies (run);

CREATE FUNCTION leave_nothing_of_a_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM claims WHERE run = OLD.id;
    DELETE FROM late_replies WHERE run = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER runs_leave_nothing AFTER DELETE ON runs
    FOR EACH ROW EXECUTE FUNCTION leave_nothing_of_a_run();

-- One chain a subject. The subject is a letter for its kind and its id: r(un), i(ncident), a(gent), d(aemon).
CREATE TABLE events (
    subject   BYTEA  NOT NULL,
    seq       BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    actor     TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    body      TEXT   NOT NULL,
    prev_hash BYTEA  NOT NULL,
    hash      BYTEA  NOT NULL,
    PRIMARY KEY (subject, seq)
);
CREATE FUNCTION refuse_a_change_of_an_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an event is never changed';
END
$$;
CREATE TRIGGER events_do_not_change BEFORE UPDATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_a_change_of_an_event();

CREATE TABLE holds (
    id          BYTEA            NOT NULL PRIMARY KEY,
    agent       TEXT COLLATE "C" NOT NULL,
    ask_at      BIGINT,
    end_handled SMALLINT         NOT NULL DEFAULT 0,
    lifted_at   BIGINT,
    lifted_by   TEXT,
    lift_reason TEXT,
    body        TEXT             NOT NULL
);
CREATE INDEX holds_standing ON holds (agent) WHERE lifted_at IS NULL;

CREATE TABLE approvals (
    id      BYTEA            NOT NULL PRIMARY KEY,
    run     BYTEA            NOT NULL,
    agent   TEXT COLLATE "C" NOT NULL,
    pending SMALLINT         NOT NULL,
    body    TEXT             NOT NULL
);
CREATE INDEX approvals_pending ON approvals (id) WHERE pending = 1;

CREATE TABLE tokens (
    digest    BYTEA    NOT NULL PRIMARY KEY,
    code      BYTEA    NOT NULL,
    approval  BYTEA    NOT NULL,
    run       BYTEA    NOT NULL,
    person    TEXT     NOT NULL,
    message   BYTEA    NOT NULL,
    minted_at BIGINT   NOT NULL,
    failures  BIGINT   NOT NULL,
    revoked   SMALLINT NOT NULL
);
CREATE INDEX tokens_by_approval ON tokens (approval);

CREATE TABLE messages (
    id         BYTEA  NOT NULL PRIMARY KEY,
    run        BYTEA,
    status     TEXT   NOT NULL,
    next_at    BIGINT NOT NULL,
    failures   BIGINT NOT NULL DEFAULT 0,
    error      TEXT,
    ended_at   BIGINT,
    body       TEXT   NOT NULL,
    -- Which replica is sending it, and until when by the clock of the database.
    sender     BYTEA,
    sent_until BIGINT
);
CREATE INDEX messages_open ON messages (status, next_at) WHERE status <> 'sent';
CREATE INDEX messages_by_run ON messages (run) WHERE run IS NOT NULL;

-- `rowid` is the order in which rows came, as SQLite keeps it by itself.
CREATE TABLE containments (
    rowid    BIGINT GENERATED ALWAYS AS IDENTITY,
    at       BIGINT           NOT NULL,
    agent    TEXT COLLATE "C" NOT NULL,
    run      BYTEA            NOT NULL,
    playbook TEXT COLLATE "C" NOT NULL
);
CREATE INDEX containments_by_time ON containments (at);

CREATE TABLE playbooks (
    digest    BYTEA            NOT NULL PRIMARY KEY,
    name      TEXT COLLATE "C" NOT NULL,
    text      TEXT             NOT NULL,
    first_at  BIGINT           NOT NULL,
    loaded_at BIGINT           NOT NULL
);

CREATE TABLE dead_letters (
    id   BYTEA NOT NULL PRIMARY KEY,
    body TEXT  NOT NULL
);

CREATE TABLE blobs (
    digest BYTEA NOT NULL PRIMARY KEY,
    bytes  BYTEA NOT NULL
);

CREATE TABLE gate_sightings (
    agent      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    seen_at    BIGINT           NOT NULL,
    refused_at BIGINT
);

CREATE TABLE settings (
    key   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT             NOT NULL
);

-- The last batch of every writer: one whose connection broke while it committed looks here whether that was done. SQLite
-- needs none, for it has no connection that could break.
CREATE TABLE batches (
    writer BYTEA  NOT NULL PRIMARY KEY,
    batch  BYTEA  NOT NULL,
    at     BIGINT NOT NULL
);
