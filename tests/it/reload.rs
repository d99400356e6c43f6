//! Playbooks that change while the daemon runs: whole or not at all, and the last good version serves.

use serde_json::{Value, json};

use crate::check::{fixture, hostile};
use crate::harness::daemon::Setup;
use crate::harness::patience::poll;
use crate::harness::scene::{PATIENCE, Scene};

impl Scene {
    fn write_playbook(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.daemon.folder().join("playbooks").join(name), bytes).unwrap();
    }

    fn remove_playbook(&self, name: &str) {
        std::fs::remove_file(self.daemon.folder().join("playbooks").join(name)).unwrap();
    }

    /// Waits until the playbooks are as wanted.
    async fn until_loaded(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = poll(PATIENCE, || async {
            let list = self.daemon.read("/playbooks").await;
            wanted(&list).then_some(list)
        })
        .await;
        match found {
            Some(list) => list,
            None => panic!("{what}: {:#}\n{}", self.daemon.read("/playbooks").await, self.daemon.log()),
        }
    }
}

fn digest(list: &Value, name: &str) -> Option<String> {
    let playbooks = list["playbooks"].as_array()?;
    let found = playbooks.iter().find(|playbook| playbook["name"] == name)?;
    Some(found["digest"].as_str()?.to_owned())
}

fn errors(list: &Value) -> Vec<&Value> {
    let all = list["loaded"]["diagnostics"].as_array().unwrap();
    all.iter().filter(|fault| fault["level"] == "error").collect()
}

#[tokio::test]
async fn a_broken_playbook_leaves_the_last_good_one_serving_also_after_a_restart() {
    let mut scene = Scene::start(|setup| setup).await;
    let good = scene.daemon.read("/playbooks").await;
    let version = digest(&good, "token-misuse").unwrap();
    let broken = std::fs::read(fixture("broken.yaml")).unwrap();
    scene.write_playbook("token-misuse.yaml", &broken);
    let list = scene.until_loaded("the fault is seen", |list| !errors(list).is_empty()).await;
    assert_eq!(digest(&list, "token-misuse"), Some(version.clone()), "{list:#}");
    assert_eq!(list["loaded"]["kept"], json!(["token-misuse"]));
    let misspelt = errors(&list).into_iter().find(|fault| fault["message"].as_str().unwrap().contains("agent.puase"));
    let misspelt = misspelt.unwrap_or_else(|| panic!("{list:#}"));
    let line = String::from_utf8(broken).unwrap().lines().position(|line| line.contains("agent.puase")).unwrap() + 1;
    assert_eq!(misspelt["line"], line, "{misspelt}");
    let log = poll(PATIENCE, || async { Some(scene.daemon.log()).filter(|log| log.contains("agent.puase")) }).await;
    let log = log.expect("the log shows the fault");
    assert!(log.contains(&format!("token-misuse.yaml:{line}:17")), "file, line and column stand in the log:\n{log}");
    let checked = scene.daemon.cli(&["check"]).await;
    assert_eq!(checked.status.code(), Some(1));
    let checked = String::from_utf8(checked.stderr).unwrap();
    assert!(checked.contains(&format!("token-misuse.yaml:{line}:17")), "{checked}");

    scene.daemon.kill9();
    scene.daemon.restart().await;
    let list = scene.daemon.read("/playbooks").await;
    assert_eq!(digest(&list, "token-misuse"), Some(version.clone()), "a restart forgets no good version: {list:#}");
    assert_eq!(list["loaded"]["kept"], json!(["token-misuse"]));
    let run = scene.misuse_run().await;
    scene.until_asked(&run).await;
    let view = scene.run(&run).await;
    assert_eq!((&view["digest"], &view["verdict"]), (&json!(version), &json!("contained")), "{view:#}");
    let shown = scene.daemon.cli_text(&["playbooks", "list"]).await;
    assert!(shown.contains("token-misuse") && shown.contains("agent.puase"), "{shown}");
    scene.assert_serves().await;
}

#[tokio::test]
async fn a_run_finishes_on_its_version_and_the_next_one_takes_the_new() {
    let scene = Scene::start(|setup| setup).await;
    let old = digest(&scene.daemon.read("/playbooks").await, "token-misuse").unwrap();
    let run = scene.misuse_run().await;
    let asked = scene.until_asked(&run).await;
    let newer = Setup::shipped_text("token-misuse").replace("Let {{agent.name}} resume?", "May {{agent.name}} go on?");
    scene.write_playbook("token-misuse.yaml", newer);
    scene.until_loaded("the new version serves", |list| digest(list, "token-misuse").is_some_and(|it| it != old)).await;
    assert_eq!(scene.run(&run).await["digest"], old.as_str());
    let page = scene.page(&scene.request(1).await.token).await;
    assert!(page.text.contains("Let billing-bot resume?"), "{}", page.text);
    let path = format!("/approvals/{}/approve", asked["id"].as_str().unwrap());
    let tag = format!("\"{}\"", asked["plan"]["hash"].as_str().unwrap());
    let body = json!({ "reason": "what was asked is what is done" });
    let answer = scene.daemon.api_with(reqwest::Method::POST, &path, &[("if-match", &tag)], Some(&body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let view = scene.until_finished(&run).await;
    assert_eq!((&view["digest"], &view["status"]), (&json!(old), &json!("completed")), "{view:#}");
    scene.assert_serves().await;
}

#[tokio::test]
async fn files_made_to_hurt_are_refused_by_the_running_daemon_and_everything_else_goes_on() {
    let scene = Scene::start(|setup| setup).await;
    let before = scene.daemon.read("/playbooks").await["playbooks"].clone();
    let cases = hostile::files();
    for (number, case) in cases.iter().enumerate() {
        scene.write_playbook(&format!("hostile-{number:02}.yaml"), &case.bytes);
    }
    let broken = |list: &Value| {
        let found = errors(list);
        (0..cases.len()).all(|number| {
            let file = format!("hostile-{number:02}.yaml");
            found.iter().any(|fault| fault["file"].as_str().unwrap().ends_with(&file))
        })
    };
    let list = scene.until_loaded("every file has its diagnostic", broken).await;
    assert_eq!(list["playbooks"], before, "{list:#}");
    let run = scene.misuse_run().await;
    scene.until_asked(&run).await;
    assert_eq!(scene.run(&run).await["verdict"], "contained");
    (0..cases.len()).for_each(|number| scene.remove_playbook(&format!("hostile-{number:02}.yaml")));
    scene.until_loaded("the folder is clean again", |list| errors(list).is_empty()).await;
    scene.assert_serves().await;
}

#[tokio::test]
async fn a_condition_that_takes_for_ever_is_given_up_and_told_to_its_owner() {
    let list = format!("[{}]", vec!["1"; 100].join(","));
    let loops = format!("{list}.all(a, {list}.all(b, {list}.all(c, {list}.all(d, a + b + c + d == 4))))");
    let slow = format!(
        "playbook: slow\ntitle: Slow\nowner: user:ben\nmode: enforce\nmatch:\n  when: >-\n    {loops}\nstages:\n  - stage: \
         one\n    steps:\n      - {{ step: pause, action: agent.pause, with: {{ reason: x }} }}\n"
    );
    let scene = Scene::start(|setup| setup.playbook("slow", &slow)).await;
    let answer = scene.take(&Scene::misuse("slow", Scene::AGENT)).await;
    let lines = answer["playbooks"].as_array().unwrap();
    let line = lines.iter().find(|line| line["name"] == "slow");
    let Some(line) = line else {
        // Refused when it was loaded: then its diagnostic says why.
        let list = scene.daemon.read("/playbooks").await;
        assert!(errors(&list).iter().any(|fault| fault["file"].as_str().unwrap().ends_with("slow.yaml")), "{list:#}");
        return scene.assert_serves().await;
    };
    assert_eq!(line["matched"], false, "{line}");
    assert!(line["why_not"].as_str().unwrap().contains("could not be evaluated"), "{line}");
    let told = scene.mail_about("Playbook fault: slow").await;
    assert!(told.contains("slow"), "{told}");
    assert!(answer["run"].is_string(), "the other playbooks are not held up: {answer}");
    scene.assert_serves().await;
}

#[tokio::test]
async fn a_file_that_is_gone_serves_no_more_and_things_that_are_no_files_are_no_fault() {
    let scene = Scene::start(|setup| setup).await;
    let folder = scene.daemon.folder().join("playbooks");
    std::fs::create_dir(folder.join("folder.yaml")).unwrap();
    std::os::unix::fs::symlink("loop.yaml", folder.join("loop.yaml")).unwrap();
    scene.write_playbook("notes.txt", "not a playbook");
    scene.write_playbook(".hidden.yaml", "[");
    scene.remove_playbook("sensitive-action.yaml");
    let list = scene.until_loaded("it is gone", |list| digest(list, "sensitive-action").is_none()).await;
    assert!(digest(&list, "token-misuse").is_some(), "{list:#}");
    let reloaded = scene.daemon.cli(&["playbooks", "reload"]).await;
    assert_eq!(reloaded.status.code(), Some(0), "{reloaded:?}");
    scene.assert_serves().await;
}
