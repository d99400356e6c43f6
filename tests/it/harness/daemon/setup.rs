//! What a daemon is started on: configuration, inventory, playbooks and secrets, collected first and then written.
//!
//! Without further words there are Ana, who owns the agents, and Ben, whom unowned agents fall to; a source `detector`
//! that signs (Standard Webhooks); and the two shipped playbooks, told to act. Secrets stand in files, as outside.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::harness::servers::{Postgres, Smtp};

/// What signs the deliveries of the source `detector`.
pub(super) const SIGNING_KEY: &[u8] = b"a key of thirty-two bytes: 0123.";

/// The files of one daemon.
pub struct Setup {
    port: u16,
    configuration: Value,
    agents: Vec<Value>,
    playbooks: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
    under: Vec<String>,
}

impl Setup {
    pub const CONFIGURATION: &str = "standdown.yaml";
    pub const ANA: &str = "ana@example.test";
    pub const ANA_TOKEN: &str = "token-of-ana-5f0c2b7d9e";
    pub const BEN: &str = "ben@example.test";
    pub const BEN_TOKEN: &str = "token-of-ben-1d8a4c6e3b";
    /// What proxies show to the gate.
    pub const GATE_TOKEN: &str = "token-of-the-proxy";
    /// The source whose deliveries [`super::Delivery`] signs.
    pub const DETECTOR: &str = "detector";

    pub fn new() -> Self {
        let port = free_port();
        let mut setup = Self {
            port,
            configuration: json!({
                "listen": format!("127.0.0.1:{port}"),
                "playbooks": "playbooks",
                "agents": "agents.yaml",
                "people": {
                    "ana": {
                        "name": "Ana Silva", "email": Self::ANA, "token": hashed(Self::ANA_TOKEN),
                        "uid": rustix::process::getuid().as_raw(),
                    },
                    "ben": { "name": "Ben Okafor", "email": Self::BEN, "token": hashed(Self::BEN_TOKEN) },
                },
                "fallback_owner": ["user:ben"],
                "sources": {}, "connections": {}, "channels": {},
            }),
            agents: Vec::new(),
            playbooks: BTreeMap::new(),
            secrets: BTreeMap::new(),
            variables: BTreeMap::new(),
            under: Vec::new(),
        };
        let secret = setup.secret("detector", &format!("whsec_{}", STANDARD.encode(SIGNING_KEY)));
        let auth = json!({ "hmac": { "preset": "standard-webhooks", "secrets": [secret] } });
        setup = setup.source(Self::DETECTOR, json!({ "preset": "generic", "auth": auth, "trust": "contain" }));
        let token = setup.secret("gate", Self::GATE_TOKEN);
        setup.set("/gate", json!({ "token": token })).shipped("token-misuse").shipped("sensitive-action")
    }

    /// Sets a value of the configuration; `/limits/queue` is `queue` below `limits`, made if it is not there.
    pub fn set(mut self, pointer: &str, value: Value) -> Self {
        let mut here = &mut self.configuration;
        for key in pointer.split('/').skip(1) {
            if !here.is_object() {
                *here = Value::Object(Map::new());
            }
            here = here.as_object_mut().unwrap().entry(key.to_owned()).or_insert(Value::Null);
        }
        *here = value;
        self
    }

    /// Lays a secret down as a file and gives its reference for the configuration (`file:...`).
    ///
    /// The folder is not known yet: `@FOLDER@` stands for it in every text until the files are written.
    pub fn secret(&mut self, name: &str, value: &str) -> String {
        self.secrets.insert(name.to_owned(), value.to_owned());
        format!("file:@FOLDER@/secrets/{name}")
    }

    /// Sets a variable in the environment of the daemon.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Starts the daemon under another program, which gets the daemon's command line as its last arguments and becomes the
    /// daemon in the end. `@FOLDER@` stands for the folder.
    pub fn under(mut self, program: &[&str]) -> Self {
        self.under = program.iter().map(|&word| word.to_owned()).collect();
        self
    }

    pub fn source(self, name: &str, options: Value) -> Self {
        self.set(&format!("/sources/{name}"), options)
    }

    /// A source whose sender shows a bearer token, such as Alertmanager with `preset` `alertmanager`.
    pub fn bearer_source(mut self, name: &str, preset: &str, bearer: &str) -> Self {
        let secret = self.secret(&format!("bearer-{name}"), bearer);
        self.source(name, json!({ "preset": preset, "auth": { "bearer": secret }, "trust": "contain" }))
    }

    /// A connection of the connector `oauth` on loopback.
    pub fn oauth(mut self, connection: &str, base_url: &str, username: &str, password: &str) -> Self {
        let password = self.secret(&format!("password-{connection}"), password);
        let options = json!({
            "connector": "oauth", "base_url": base_url, "networks": ["127.0.0.0/8"],
            "auth": { "basic": { "username": username, "password": password } },
        });
        self.set(&format!("/connections/{connection}"), options)
    }

    /// Keeps everything in the first of these servers of PostgreSQL that takes writes; its password stands in a file.
    pub fn postgres(mut self, ports: &[u16]) -> Self {
        let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let address = format!("postgres://{}@{}/postgres?sslmode=disable", Postgres::USER, hosts.join(","));
        let password = self.secret("store", Postgres::PASSWORD);
        self.set("/store", json!(address)).set("/store_password", json!(password))
    }

    /// E-mail through that server: STARTTLS, its own authority, user and password.
    pub fn email(mut self, smtp: &Smtp) -> Self {
        let password = self.secret("smtp", Smtp::PASSWORD);
        let options = json!({
            "host": Smtp::HOST, "port": smtp.port(), "tls": "starttls", "username": Smtp::USER, "password": password,
            "from": "Standdown <standdown@example.test>", "ca": smtp.authority_file(),
        });
        self.set("/channels/email", options)
    }

    /// An agent of the inventory, as the inventory writes it.
    pub fn agent(mut self, entry: Value) -> Self {
        self.agents.push(entry);
        self
    }

    /// An autonomous agent of Ana's that works behind the gate; its token stands in a file.
    pub fn agent_with_token(mut self, id: &str, token: &str) -> Self {
        let reference = self.secret(&format!("token-{id}"), token);
        self.agent(json!({
            "id": id, "name": id, "owner": "user:ana", "tier": "autonomous", "environment": "test", "systems": ["ledger"],
            "gated": true, "credentials": { "idp": { "ref": reference } },
        }))
    }

    /// A playbook by its file name without `.yaml`, with this text.
    pub fn playbook(mut self, name: &str, text: &str) -> Self {
        self.playbooks.insert(name.to_owned(), text.to_owned());
        self
    }

    /// A shipped playbook, told to act: as shipped it only observes.
    pub fn shipped(self, name: &str) -> Self {
        let text = Self::shipped_text(name);
        self.playbook(name, &text)
    }

    /// The text of a shipped playbook in `mode: enforce`.
    pub fn shipped_text(name: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks").join(format!("{name}.yaml"));
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains("mode: observe"), "the shipped {name} is not in observe mode");
        text.replacen("mode: observe", "mode: enforce", 1)
    }

    pub fn without_playbooks(mut self) -> Self {
        self.playbooks.clear();
        self
    }

    pub(super) const fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    pub(super) fn program(&self, folder: &Path) -> Vec<String> {
        self.under.iter().map(|word| word.replace("@FOLDER@", &folder.display().to_string())).collect()
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn write(&self, folder: &Path) {
        let placed = |text: &str| text.replace("@FOLDER@", &folder.display().to_string());
        // JSON is YAML too, and it quotes what would need it.
        fs::write(folder.join(Self::CONFIGURATION), placed(&format!("{:#}\n", self.configuration))).unwrap();
        fs::write(folder.join("agents.yaml"), placed(&format!("{:#}\n", json!({ "agents": self.agents })))).unwrap();
        for name in ["playbooks", "secrets"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        for (name, text) in &self.playbooks {
            fs::write(folder.join("playbooks").join(format!("{name}.yaml")), text).unwrap();
        }
        for (name, value) in &self.secrets {
            fs::write(folder.join("secrets").join(name), value).unwrap();
        }
    }
}

/// How a token stands in the configuration.
pub fn hashed(token: &str) -> String {
    use std::fmt::Write as _;
    let digits = digest(&SHA256, token.as_bytes()).as_ref().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    format!("sha256:{digits}")
}

/// Asked of the kernel; free until the daemon takes it.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
