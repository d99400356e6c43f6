//! What evidence keeps of a process.
//!
//! Its arguments and environment are left out on purpose: that is where agents are given their secrets.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::stat::Stat;

/// The most open files that are listed.
const FILES_MAX: usize = 64;

/// The facts of a process of this machine; if it can't be read, why.
pub fn facts(pid: i64) -> Value {
    let Some(pid) = i32::try_from(pid).ok().filter(|pid| *pid > 0) else {
        return json!({ "pid": pid, "unreadable": "this is no process number" });
    };
    match Stat::read(pid) {
        Ok(stat) => gathered(&stat),
        Err(reason) => json!({ "pid": pid, "unreadable": reason }),
    }
}

fn gathered(stat: &Stat) -> Value {
    let folder = format!("/proc/{}", stat.pid);
    let link = |name: &str| fs::read_link(Path::new(&folder).join(name)).ok().map(|path| path.display().to_string());
    let status = fs::read_to_string(format!("{folder}/status")).unwrap_or_default();
    let kept = ["PPid", "Uid", "Gid", "VmRSS", "NoNewPrivs", "Seccomp", "CapEff"];
    let status: Map<String, Value> = status
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| kept.contains(name))
        .map(|(name, value)| (name.to_owned(), json!(value.split_whitespace().collect::<Vec<_>>().join(" "))))
        .collect();
    let mut files: Vec<String> = fs::read_dir(format!("{folder}/fd"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .map(|path| path.display().to_string())
        .collect();
    files.sort();
    let open = files.len();
    files.truncate(FILES_MAX);
    json!({
        "pid": stat.pid,
        "name": stat.comm,
        "state": stat.state,
        "start_time": stat.start_time,
        "ticks_used": stat.ticks,
        "threads": stat.threads,
        "program": link("exe"),
        "folder": link("cwd"),
        "root": link("root"),
        "status": status,
        "files_open": open,
        "files": files,
    })
}
