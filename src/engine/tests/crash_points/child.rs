//! The same moments in a process of its own that aborts there: the tests' program, started once more.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use super::super::fate::{CrashPoint, Fate};
use super::super::harness::World;
use super::case::{Case, PROTECTIONS, Stage};
use crate::domain::{ReplicaId, RunId};
use crate::machine::Direction;

/// Says to the child what it is to do, as JSON.
const ERRAND: &str = "STANDDOWN_TEST_ERRAND";
const CHILD: &str = "engine::tests::crash_points::child::a_process_that_aborts";

/// What a child is to do, and where.
#[derive(Debug, Serialize, Deserialize)]
struct Errand {
    folder: PathBuf,
    address: String,
    /// Places in the lists of points and protections.
    point: usize,
    protection: usize,
    undo: bool,
}

/// What a child leaves in the folder before it goes to its moment.
#[derive(Debug, Serialize, Deserialize)]
struct Left {
    replica: ReplicaId,
    run: RunId,
}

impl Stage {
    /// A process of its own aborts at the moment; the next life is this one's.
    pub fn aborted(&self, case: &Case) {
        let left = self.world.folder().join("left.json");
        let errand = Errand {
            folder: self.world.folder().to_owned(),
            address: self.world.address(),
            point: CrashPoint::ALL.iter().position(|point| *point == case.point).unwrap(),
            protection: PROTECTIONS.iter().position(|protection| *protection == case.protection).unwrap(),
            undo: case.direction == Direction::Undo,
        };
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", CHILD, "--ignored", "--nocapture", "--test-threads", "1"]);
        child.env(ERRAND, serde_json::to_string(&errand).unwrap()).stdin(Stdio::null());
        let output = child.output().unwrap();
        let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(signal, Some(rustix::process::Signal::ABORT.as_raw()), "{case:?}: it did not abort:\n{said}");
        let Left { replica, run } = serde_json::from_slice(&fs::read(&left).unwrap()).unwrap();
        fs::remove_file(left).unwrap();
        self.world.has_died(replica);
        self.next_life(case, run).crash();
    }
}

#[test]
#[ignore = "this is the process that aborts; the tests beside it start it"]
fn a_process_that_aborts() {
    let errand: Errand = serde_json::from_str(&std::env::var(ERRAND).expect("the errand of this process")).unwrap();
    let direction = if errand.undo { Direction::Undo } else { Direction::Do };
    let case = Case { point: CrashPoint::ALL[errand.point], protection: PROTECTIONS[errand.protection], direction };
    let mut world = World::of_another_process(errand.folder.clone(), errand.address);
    world.fate = std::sync::Arc::new(Fate::that_aborts());
    let stage = Stage { world: world.with_a_target() };
    let life = stage.world.start();
    let run = life.launch(&case.playbook(), "billing-bot");
    let left = Left { replica: life.engine.store().replica(), run };
    fs::write(errand.folder.join("left.json"), serde_json::to_vec(&left).unwrap()).unwrap();
    stage.go_to_the_moment(&life, &case, run);
    assert!(case.point.is_unheard(), "{case:?}: it should have aborted there");
    std::process::abort();
}
