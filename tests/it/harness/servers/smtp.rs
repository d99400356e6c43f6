//! A real mail server (aiosmtpd): STARTTLS with a certificate of its own authority, and a password.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::process::{Process, installed_here, listening_port, script};
use crate::harness::authority::Authority;
use crate::harness::patience::poll;

/// One message that the server took, decoded.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    pub subject: String,
    /// Headers by their names in small letters.
    pub headers: Value,
    pub text: String,
    pub html: String,
}

pub struct Smtp {
    process: Process,
    port: u16,
}

impl Smtp {
    /// The name in the server's certificate.
    pub const HOST: &str = "localhost";
    pub const USER: &str = "standdown";
    pub const PASSWORD: &str = "mail-password";

    pub async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let authority = Authority::new();
        let leaf = authority.leaf(&[Self::HOST, "127.0.0.1"]);
        fs::write(folder.path().join("authority.pem"), authority.certificate_pem()).unwrap();
        fs::write(folder.path().join("leaf.pem"), leaf.certificate_pem).unwrap();
        fs::write(folder.path().join("leaf.key"), leaf.key_pem).unwrap();
        fs::create_dir(folder.path().join("mails")).unwrap();
        let mut process = Process::start(&installed_here("python/bin/python"), folder, |command| {
            command.arg(script("smtp.py")).args(["mails", "leaf.pem", "leaf.key"]);
            command.env("SMTP_USER", Self::USER).env("SMTP_PASSWORD", Self::PASSWORD);
        });
        let port = process.wait_for_line("on which port it listens", listening_port).await;
        Self { process, port }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The file with the certificate that a client has to trust.
    pub fn authority_file(&self) -> PathBuf {
        self.process.folder().join("authority.pem")
    }

    /// From now on, answers every recipient with `reply`, for example `421 4.3.2 come back later`.
    pub fn refuse(&self, reply: &str) {
        fs::write(self.mails_folder().join("refuse"), reply).unwrap();
    }

    /// Takes mail again.
    pub fn accept(&self) {
        fs::remove_file(self.mails_folder().join("refuse")).unwrap();
    }

    /// Every message taken so far, in order.
    pub fn mails(&self) -> Vec<Mail> {
        let entries = fs::read_dir(self.mails_folder()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> =
            entries.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
        files.sort();
        files.iter().map(|path| read(&fs::read_to_string(path).unwrap())).collect()
    }

    /// The first message to `recipient`, waiting for it; fails the test when it does not come.
    pub async fn wait_for_mail(&self, recipient: &str, limit: Duration) -> Mail {
        self.wait_for_mail_with(recipient, "", limit).await
    }

    /// The first message to `recipient` that has `words` in its subject or text, waiting for it; fails the test when it
    /// does not come.
    pub async fn wait_for_mail_with(&self, recipient: &str, words: &str, limit: Duration) -> Mail {
        let wanted = |mail: &Mail| {
            mail.to.iter().any(|to| to == recipient) && (mail.subject.contains(words) || mail.text.contains(words))
        };
        let found = poll(limit, || async { self.mails().into_iter().find(wanted) }).await;
        found.unwrap_or_else(|| {
            let came = self.mails();
            panic!(
                "no mail to {recipient} with {words:?} within {limit:?}; what came: {came:#?}\n{}",
                self.process.log()
            )
        })
    }

    fn mails_folder(&self) -> PathBuf {
        self.process.folder().join("mails")
    }
}

fn read(record: &str) -> Mail {
    let record: Value = serde_json::from_str(record).unwrap();
    let text = |name: &str| record[name].as_str().unwrap().to_owned();
    let recipients = record["to"].as_array().unwrap().iter();
    Mail {
        from: text("from"),
        to: recipients.map(|to| to.as_str().unwrap().to_owned()).collect(),
        subject: text("subject"),
        headers: record["headers"].clone(),
        text: text("text"),
        html: text("html"),
    }
}
