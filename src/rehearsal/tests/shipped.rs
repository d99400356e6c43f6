//! The shipped playbooks' own tests, looked at from inside.

use std::path::Path;

use crate::action::Registry;
use crate::machine::replay;
use crate::rehearsal::Performance;
use crate::rehearsal::cases::{SourceTable, load, perform};

#[test]
fn the_history_of_every_rehearsed_run_leads_to_its_state() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks");
    let loaded = load(&folder, &Registry::catalogue_without_connections(), &SourceTable::new());
    assert!(loaded.diagnostics.is_empty(), "{:#?}", loaded.diagnostics);
    let mut runs = 0;
    for suite in &loaded.suites {
        for case in &suite.cases {
            let performed = perform(&suite.playbook, case);
            assert!(performed.mismatches.is_empty(), "{}: {:#?}", case.name, performed.mismatches);
            for performance in performed.runs.iter().flat_map(Performance::family) {
                let (replayed, _) = replay(&performance.playbook, &performance.events).unwrap();
                assert_eq!(replayed, performance.run, "{}: {}", suite.file, case.name);
                runs += 1;
            }
        }
    }
    assert!(runs > 60, "{runs}");
}
