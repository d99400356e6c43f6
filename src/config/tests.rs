//! Whole configurations: a full one, and a table of broken ones with the place of each fault.

mod broken;
mod defaults;
mod inventory;

use std::fs;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::client::{SecretReference, StaticSecrets};
use crate::domain::agent::Tier;
use crate::domain::names::{AgentId, PersonId};
use crate::language::Span;

/// A folder with a configuration file, and an inventory if there is one.
struct Files(TempDir);

impl Files {
    fn new(text: &str) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.write("standdown.yaml", text);
        files
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load(&self) -> Result<Configuration, Vec<Diagnostic>> {
        load(Some(&self.path("standdown.yaml")), &BTreeMap::new())
    }

    fn faults(&self) -> Vec<Diagnostic> {
        self.load().expect_err("the configuration must be refused")
    }
}

/// The least that a configuration must say.
const LEAST: &str = "people: { ana: { name: Ana, webhook: chat } }\nfallback_owner: [user:ana]\n\
                     channels: { webhooks: { chat: { url: https://chat.example.com/x, secret: env:CHAT } } }\n";

const FULL: &str = r#"
listen: 0.0.0.0:8443
public_url: https://standdown.example.com/ops
socket: /run/standdown.sock
store: sqlite:data/standdown.db
agents: agents.yaml
protected: [break-glass]
log: { format: json, level: debug }
people:
  ana:
    name: Ana Silva
    email: ana@example.com
    token: "sha256:56c3e50829bc1b5e35ebc3b17c44dbd28b57d40dc3ef8ad2f4f0b8fb2d4bf1d5"
    uid: 1000
  ben: { webhook: chat }
groups:
  security: [ana, ben]
fallback_owner: [group:security]
sources:
  alerts: { preset: alertmanager, auth: { bearer: "${ALERTS}" }, trust: contain }
connections:
  idp:
    connector: oauth
    base_url: https://idp.example.com
    ca: ca.pem
    auth: { basic: { username: standdown, password: "${IDP_PASSWORD}" } }
channels:
  email: { host: smtp.example.com, username: s, password: "env:SMTP", from: "S <s@example.com>", ca: ca.pem }
  webhooks:
    chat: { url: https://chat.example.com/hook, secret: "file:/run/secrets/chat" }
gate: { token: "${GATE}", identify: header, header: X-Agent-Id }
limits: { workers: 8, drain: 30s, lease: 5s }
retention: { finished_runs: null, deliveries: 36h }
evidence_folder: evidence
"#;

const AGENTS: &str = r#"
agents:
  - id: billing-bot
    name: Billing bot
    aliases: [ "spiffe://prod/billing" ]
    owner: user:ana
    deployed_by: ci/payments
    tier: autonomous
    environment: production
    systems: [ledger]
    depends_on: [llm-gateway]
    children: [invoice-bot]
    handles:
      oauth: { connection: idp, client: 4711 }
    credentials:
      api:
        ref: "env:BILLING"
        hash: "hmac-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    gated: true
    reviewed_at: 2026-11-01
  - id: invoice-bot
    owner: group:security
  - id: break-glass
"#;

#[test]
fn a_full_configuration_is_read_as_it_is_meant() {
    let files = Files::new(FULL);
    files.write("agents.yaml", AGENTS);
    let configuration = files.load().unwrap();
    assert_eq!(configuration.warnings, []);
    assert_eq!(configuration.listen, "0.0.0.0:8443".parse().unwrap());
    assert_eq!(configuration.public_url.unwrap().as_str(), "https://standdown.example.com/ops/");
    assert_eq!(configuration.socket, Some("/run/standdown.sock".into()));
    assert_eq!(configuration.store, format!("sqlite:{}", files.path("data/standdown.db").display()));
    assert_eq!(configuration.playbooks, files.path("playbooks"));
    assert_eq!(configuration.log, LogOptions { format: LogFormat::Json, level: LogLevel::Debug });
    assert_eq!(configuration.gate.header.as_deref(), Some("x-agent-id"));
    assert_eq!((configuration.limits.workers, configuration.limits.queue), (8, 4096));
    assert_eq!((configuration.limits.drain.as_secs(), configuration.limits.lease.as_secs()), (30, 5));
    let retention = configuration.retention;
    assert_eq!((retention.finished_runs, retention.deliveries), (None, Some(Duration::from_hours(36))));
    assert_eq!(retention.messages, Some(Duration::from_hours(24 * 30)));
    assert_eq!(configuration.evidence_folder, Some(files.path("evidence")));
    assert_eq!(configuration.connections["idp"].ca, Some(files.path("ca.pem")));
    assert_eq!(configuration.channels.email.unwrap().ca, Some(files.path("ca.pem")));
    assert_eq!(configuration.sources.len(), 1);
    assert_eq!(configuration.directory.fallback_people().len(), 2);
    assert_eq!(configuration.directory.people["ben"].name, "ben");
    assert_eq!(configuration.credentials.person_by_uid(1000), PersonId::parse("ana").ok());
    let agent = &configuration.agents[0];
    assert!(agent.known && agent.gated && !agent.protected);
    assert_eq!((agent.name.as_str(), agent.tier), ("Billing bot", Tier::Autonomous));
    assert_eq!(agent.handles["oauth"].references["client"], "4711");
    assert_eq!(agent.credentials["api"].reference.as_deref(), Some("env:BILLING"));
    assert_eq!(agent.reviewed_at.unwrap().to_string(), "2026-11-01T00:00:00Z");
    assert_eq!(configuration.agents[1].children, []);
    assert!(configuration.agents[2].protected);
}

#[test]
fn the_least_configuration_has_the_defaults() {
    let configuration = Files::new(LEAST).load().unwrap();
    assert_eq!(configuration.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(configuration.limits.contained_per_hour, 10);
    assert_eq!(configuration.gate.identify, GateIdentify::Path);
    assert!(!configuration.gate.allow_unknown && configuration.gate.token.is_none());
    let bound = "127.0.0.1:4711".parse().unwrap();
    assert_eq!(configuration.public_url_at(bound).unwrap().as_str(), "http://127.0.0.1:4711/");
}

#[test]
fn the_defaults_alone_lack_only_somebody_to_tell() {
    let faults = load(None, &BTreeMap::new()).unwrap_err();
    let codes: Vec<_> = faults.iter().map(|fault| (fault.code, fault.file.as_str())).collect();
    assert_eq!(codes, [(codes::NO_FALLBACK_OWNER, "defaults")]);
}

#[test]
fn the_environment_wins_and_its_faults_name_the_variable() {
    let files = Files::new(&format!("{LEAST}listen: 127.0.0.1:1\n"));
    let with = |name: &str, value: &str| {
        let environment = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        load(Some(&files.path("standdown.yaml")), &environment)
    };
    assert_eq!(with("STANDDOWN_LISTEN", "127.0.0.1:2").unwrap().listen.port(), 2);
    assert_eq!(with("STANDDOWN_SOCKET", "").unwrap().socket, None);
    assert_eq!(with("STANDDOWN_LIMITS__WORKERS", "3").unwrap().limits.workers, 3);
    assert_eq!(with("STANDDOWN_RETENTION__DELIVERIES", "").unwrap().retention.deliveries, None);
    let store = with("STANDDOWN_STORE", "sqlite:other.db").unwrap().store;
    assert_eq!(store, format!("sqlite:{}", files.path("other.db").display()));
    for (name, value, code) in [
        ("STANDDOWN_LISTEN", "nowhere", codes::WRONG_VALUE),
        ("STANDDOWN_LISTEN", "", codes::MISSING_SETTING),
        ("STANDDOWN_LIMITS__WORKERS", "many", codes::WRONG_VALUE),
        ("STANDDOWN_LIMITS__WORKERS", "0", codes::LIMIT),
        ("STANDDOWN_LIMITS__WORKER", "3", codes::UNKNOWN_VARIABLE),
        ("STANDDOWN_GATE__TOKEN", "hunter2", codes::LITERAL_SECRET),
    ] {
        let faults = with(name, value).unwrap_err();
        let found: Vec<_> = faults.iter().map(|fault| (fault.code, fault.file.clone())).collect();
        assert_eq!(found, [(code, format!("${name}"))], "{value}: {faults:?}");
        assert!(!format!("{faults:?}").contains("hunter2"));
    }
}

#[test]
fn every_secret_that_can_not_be_resolved_is_reported_at_once() {
    let files = Files::new(FULL);
    files.write("agents.yaml", AGENTS);
    let configuration = files.load().unwrap();
    let secrets = StaticSecrets::parse([("env:GATE", "x"), ("env:ALERTS", "y")]).unwrap();
    let faults = configuration.check_secrets(&secrets);
    let found: Vec<_> = faults
        .iter()
        .map(|fault| (fault.level, fault.file.rsplit('/').next().unwrap().to_owned(), fault.span.unwrap().line))
        .collect();
    let main = |line| (Level::Error, "standdown.yaml".to_owned(), line);
    assert_eq!(found, [main(28), main(30), main(26), (Level::Warning, "agents.yaml".to_owned(), 17)]);
    let mut all = secrets.clone();
    for reference in ["env:IDP_PASSWORD", "env:SMTP", "file:/run/secrets/chat", "env:BILLING"] {
        all.set(SecretReference::parse(reference).unwrap(), "z".to_owned().into());
    }
    assert_eq!(configuration.check_secrets(&all), []);
}

#[test]
fn a_fault_that_another_module_finds_is_placed_in_the_file() {
    let files = Files::new(FULL);
    files.write("agents.yaml", AGENTS);
    let configuration = files.load().unwrap();
    let fault = configuration.diagnostic("/sources/alerts/map/title", "SD2001", "no title".to_owned(), None);
    assert_eq!((fault.code, fault.span.unwrap().line), ("SD2001", 20));
    let fault = configuration.diagnostic("/connections/idp/base_url", "SD3001", "no".to_owned(), None);
    assert_eq!(fault.span, Some(Span { line: 24, column: 15, length: 23 }));
}

#[test]
fn a_configuration_shows_no_token_in_debug() {
    let files = Files::new(FULL);
    files.write("agents.yaml", AGENTS);
    let credentials = files.load().unwrap().credentials;
    assert!(!format!("{credentials:?}").contains("56c3e508"));
    assert_eq!(credentials.person_by_token("no such token"), None);
    assert!(AgentId::parse("x").is_ok());
}

#[test]
fn approvals_of_the_configuration_are_read_and_their_faults_have_a_place() {
    let good = format!("{LEAST}approvals:\n  release: {{ timeout: 4h }}\ndefault_approval: release\n");
    let configuration = Files::new(&good).load().unwrap();
    assert_eq!(configuration.approvals.names().collect::<Vec<_>>(), ["release"]);
    assert!(configuration.approvals.is_configured());
    let bad = format!("{LEAST}approvals:\n  release: {{ timeuot: 4h }}\ndefault_approval: relaese\n");
    let faults = Files::new(&bad).faults();
    let lines = LEAST.lines().count();
    let places: Vec<_> = faults.iter().filter_map(|fault| fault.span).map(|span| span.line as usize - lines).collect();
    assert_eq!(places, [2, 3], "{faults:#?}");
    assert!(faults.iter().all(|fault| fault.file.ends_with("standdown.yaml") && fault.hint.is_some()), "{faults:#?}");
}
