//! What evidence holds, and where it goes.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::action::stub::{call, secrets, send};
use crate::action::{ActionOptions, Registry};
use crate::domain::Digest;
use crate::domain::digest::canonical_json;
use crate::domain::event::CallOutcome;
use crate::machine::Phase;

fn registry(folder: Option<&std::path::Path>) -> Registry {
    let options = ActionOptions { evidence_folder: folder.map(Into::into) };
    Registry::build(&BTreeMap::new(), &options, Arc::new(secrets())).unwrap()
}

fn output(outcome: CallOutcome) -> Value {
    match outcome {
        CallOutcome::Applied { output } => output,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn small_evidence_is_in_the_output_with_a_digest_that_fits() {
    let call = call("evidence.capture", json!({"pid": std::process::id(), "note": "seen"}), Phase::Send);
    let output = output(send(&registry(None), &call).await);
    let evidence = &output["evidence"];
    assert_eq!(output["sha256"], json!(Digest::of(canonical_json(evidence).as_bytes())));
    assert_eq!(output["items"], json!(["alert", "process"]));
    assert_eq!(evidence["items"]["alert"], json!(call.about.alert));
    assert_eq!(evidence["items"]["process"]["pid"], std::process::id());
    assert_eq!(evidence["manifest"]["agent"], "billing-bot");
    assert_eq!(evidence["manifest"]["captured_at"], "2026-11-23T08:00:00Z");
    assert_eq!(evidence["manifest"]["sha256"]["alert"], json!(Digest::of_json(&json!(call.about.alert))));
    assert!(output.to_string().len() <= 16 * 1024);
}

#[tokio::test]
async fn large_evidence_is_a_private_file_named_by_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    let mut call = call("evidence.capture", json!({}), Phase::Send);
    Arc::make_mut(&mut call.about.alert).title = "x".repeat(40_000);
    let output = output(send(&registry(Some(folder.path())), &call).await);
    let path = folder.path().join(format!("{}.json", output["sha256"].as_str().unwrap()));
    assert_eq!(output["file"], path.display().to_string());
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(json!(Digest::of(&bytes)), output["sha256"]);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    send(&registry(Some(folder.path())), &call).await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn large_evidence_without_a_place_is_refused_and_says_what_to_set() {
    let mut call = call("evidence.capture", json!({}), Phase::Send);
    Arc::make_mut(&mut call.about.alert).title = "x".repeat(40_000);
    for registry in [registry(None), registry(Some(std::path::Path::new("/nonexistent")))] {
        match send(&registry, &call).await {
            CallOutcome::Refused { reason, retry: false } => assert!(reason.contains("evidence"), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_process_that_is_gone_is_evidence_too() {
    let call = call("evidence.capture", json!({"pid": "999999999"}), Phase::Send);
    let output = output(send(&registry(None), &call).await);
    assert!(output["evidence"]["items"]["process"]["unreadable"].as_str().unwrap().contains("no process"));
}
