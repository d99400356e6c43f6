//! Relative paths are relative to the folder of the configuration file.
//!
//! They are resolved in the document, before anything is read into types, so that no module below needs to know where
//! the file was.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::pointer;

/// The settings that are paths; `*` stands for every key.
const PATHS: [&str; 9] = [
    "/socket",
    "/playbooks",
    "/agents",
    "/evidence_folder",
    "/channels/email/ca",
    "/channels/webhooks/*/ca",
    "/channels/webhooks/*/unix_socket",
    "/connections/*/ca",
    "/connections/*/unix_socket",
];

/// The prefix of a store that is a file.
const SQLITE: &str = "sqlite:";

/// Resolves every relative path of a document.
pub(super) fn resolve(document: &mut Value, folder: &Path) {
    for pattern in PATHS {
        for at in matching(document, pattern) {
            if let Some(Value::String(text)) = document.pointer_mut(&at) {
                *text = joined(folder, text);
            }
        }
    }
    if let Some(Value::String(store)) = document.pointer_mut("/store")
        && let Some(path) = store.strip_prefix(SQLITE).filter(|path| !path.is_empty())
    {
        *store = format!("{SQLITE}{}", joined(folder, path));
    }
}

/// The folder that relative paths start from: that of the file, or the one the daemon was started in.
pub(super) fn folder(file: Option<&Path>) -> PathBuf {
    file.and_then(Path::parent).map(Path::to_path_buf).unwrap_or_default()
}

fn joined(folder: &Path, text: &str) -> String {
    folder.join(text).to_string_lossy().into_owned()
}

fn matching(document: &Value, pattern: &str) -> Vec<String> {
    let Some((before, after)) = pattern.split_once("/*") else { return vec![pattern.to_owned()] };
    let keys = document.pointer(before).and_then(Value::as_object).into_iter().flat_map(|fields| fields.keys());
    keys.map(|key| format!("{}{after}", pointer::child(before, key))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_relative_path_starts_at_the_folder_of_the_file() {
        let mut document = json!({
            "socket": "run/s.sock", "playbooks": "/srv/playbooks", "agents": null, "store": "sqlite:data/s.db",
            "connections": {"a/b": {"ca": "ca.pem"}, "c": {"unix_socket": "/run/x"}, "d": 7},
        });
        resolve(&mut document, &folder(Some(Path::new("/etc/standdown/standdown.yaml"))));
        let expected = json!({
            "socket": "/etc/standdown/run/s.sock", "playbooks": "/srv/playbooks", "agents": null,
            "store": "sqlite:/etc/standdown/data/s.db",
            "connections": {"a/b": {"ca": "/etc/standdown/ca.pem"}, "c": {"unix_socket": "/run/x"}, "d": 7},
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn without_a_file_paths_stay_relative_to_the_working_folder() {
        let mut document = json!({"store": "sqlite:s.db", "socket": "s.sock"});
        resolve(&mut document, &folder(None));
        assert_eq!(document, json!({"store": "sqlite:s.db", "socket": "s.sock"}));
        assert_eq!(folder(Some(Path::new("standdown.yaml"))), PathBuf::new());
    }
}
