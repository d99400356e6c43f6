//! The real YAML language server, the one inside of many editors, spoken to as an editor does: LSP over its two streams.
//!
//! The protocol is described at <https://microsoft.github.io/language-server-protocol/>.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::installed_here;

/// How long one answer may take on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

pub struct LanguageServer {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    folder: TempDir,
    last: u64,
}

impl LanguageServer {
    /// A server for a workspace with this schema as `playbook.schema.json`.
    pub fn start(schema: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(schema, folder.path().join("playbook.schema.json")).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(installed_here("node"));
        command.arg(installed_here("node_modules/yaml-language-server/bin/yaml-language-server")).arg("--stdio");
        command.current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = child.stdout.take().unwrap();
        let (sender, messages) = channel();
        // It ends with the stream, which ends with the server.
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut server = Self { child, input, messages, folder, last: 0 };
        let root = server.address("");
        server.ask("initialize", &json!({ "processId": null, "rootUri": root, "capabilities": {} }));
        server.tell("initialized", &json!({}));
        let settings = json!({ "yaml": { "validate": true, "completion": true, "hover": true, "schemaStore": { "enable": false } } });
        server.tell("workspace/didChangeConfiguration", &json!({ "settings": settings }));
        server
    }

    /// Opens a file as an editor does, and waits for what the server finds in it.
    pub fn open(&mut self, name: &str, text: &str) -> Vec<Value> {
        let uri = self.address(name);
        let document = json!({ "uri": uri, "languageId": "yaml", "version": 1, "text": text });
        self.tell("textDocument/didOpen", &json!({ "textDocument": document }));
        let found = self.wait("diagnostics", |message| {
            let about = message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri;
            about.then(|| message["params"]["diagnostics"].clone())
        });
        found.as_array().cloned().unwrap_or_default()
    }

    /// What the server offers at a place (line and character, from 0) of an open file: label and documentation.
    pub fn complete(&mut self, name: &str, line: usize, character: usize) -> Vec<(String, String)> {
        let place = json!({ "textDocument": { "uri": self.address(name) }, "position": { "line": line, "character": character } });
        let answer = self.ask("textDocument/completion", &place);
        let items = answer.as_array().or_else(|| answer["items"].as_array()).cloned().unwrap_or_default();
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other["value"].as_str().unwrap_or_default().to_owned(),
        };
        items.iter().map(|item| (text(&item["label"]), text(&item["documentation"]))).collect()
    }

    /// What the server says about a place.
    pub fn hover(&mut self, name: &str, line: usize, character: usize) -> String {
        let place = json!({ "textDocument": { "uri": self.address(name) }, "position": { "line": line, "character": character } });
        self.ask("textDocument/hover", &place)["contents"]["value"].as_str().unwrap_or_default().to_owned()
    }

    fn address(&self, name: &str) -> String {
        let path: PathBuf = self.folder.path().canonicalize().unwrap().join(name);
        format!("file://{}", path.display())
    }

    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.last += 1;
        let id = self.last;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters }));
        self.wait(method, |message| {
            let answers = message["id"] == id && message.get("method").is_none();
            answers.then(|| message.get("result").cloned().unwrap_or_else(|| panic!("{method} failed: {message}")))
        })
    }

    fn tell(&mut self, method: &str, parameters: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": parameters }));
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.input.flush().unwrap();
    }

    /// Reads until a message gives a value; questions of the server are answered with nothing.
    fn wait<T>(&mut self, what: &str, pick: impl Fn(&Value) -> Option<T>) -> T {
        let until = Instant::now() + LIMIT;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let message = self.messages.recv_timeout(left);
            let message = message.unwrap_or_else(|error| panic!("the language server gave no {what}: {error}"));
            if let Some(found) = pick(&message) {
                return found;
            }
            if message.get("method").is_some() && message.get("id").is_some() {
                self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": null }));
            }
        }
    }
}

impl Drop for LanguageServer {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            self.child.wait().ok();
        }
    }
}

fn read(output: &mut BufReader<ChildStdout>) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            header => {
                if let Some(number) = header.strip_prefix("Content-Length: ") {
                    length = number.parse().ok()?;
                }
            }
        }
    }
    let mut bytes = vec![0; length];
    output.read_exact(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}
