//! Broken configurations: each fault with its code, line and column.

use super::*;

/// What is put behind the least configuration, and the faults: code, line after it, column.
type Case = (&'static str, &'static [(&'static str, u32, u32)]);

const CASES: &[Case] = &[
    ("lisen: 127.0.0.1:1\n", &[(codes::UNKNOWN_SETTING, 1, 1)]),
    ("listen: localhost:8080\n", &[(codes::WRONG_VALUE, 1, 9)]),
    ("listen: 8080\n", &[(codes::WRONG_VALUE, 1, 9)]),
    ("listen: null\n", &[(codes::MISSING_SETTING, 1, 9)]),
    ("listen: 10.0.0.1:80\n", &[(codes::OPEN_GATE, 1, 9)]),
    ("listen: 0.0.0.0:80\ngate: {token: env:G}\n", &[(codes::PUBLIC_URL, 1, 9)]),
    ("public_url: standdown.example.com\n", &[(codes::PUBLIC_URL, 1, 13)]),
    ("public_url: https://x.example.com/?a=b\n", &[(codes::PUBLIC_URL, 1, 13)]),
    ("public_url: ftp://x.example.com\n", &[(codes::PUBLIC_URL, 1, 13)]),
    ("store: mysql://x\n", &[(codes::WRONG_VALUE, 1, 8)]),
    ("store: postgres://u:hunter2@db/s\n", &[(codes::LITERAL_SECRET, 1, 8)]),
    ("store: postgres://u:hunter2@db1:1,db2:2/s\n", &[(codes::LITERAL_SECRET, 1, 8)]),
    ("store: postgres://db1:5432,db2:0/standdown\n", &[(codes::WRONG_VALUE, 1, 8)]),
    ("store: postgres://db/standdown?ssl=on\n", &[(codes::WRONG_VALUE, 1, 8)]),
    ("store: postgres://db/s\nstore_password: hunter2\n", &[(codes::LITERAL_SECRET, 2, 17)]),
    ("playbooks: nowhere\n", &[(codes::PATH, 1, 12)]),
    ("agents: nowhere.yaml\n", &[(codes::UNREADABLE, 1, 9)]),
    ("log: {level: loud}\n", &[(codes::UNKNOWN_WORD, 1, 14)]),
    ("log:\n  levl: info\n  format: text\n", &[(codes::UNKNOWN_SETTING, 2, 3), (codes::UNKNOWN_WORD, 3, 11)]),
    ("log: loud\n", &[(codes::WRONG_VALUE, 1, 6)]),
    ("gate: {token: hunter2}\n", &[(codes::LITERAL_SECRET, 1, 15)]),
    ("gate: {identify: header}\n", &[(codes::MISSING_SETTING, 1, 18)]),
    ("gate: {header: X-A}\n", &[(codes::WRONG_VALUE, 1, 16)]),
    ("gate: {identify: header, header: Authorization}\n", &[(codes::WRONG_VALUE, 1, 34)]),
    ("limits: {workers: 0}\n", &[(codes::LIMIT, 1, 19)]),
    ("limits: {workers: -1}\n", &[(codes::WRONG_VALUE, 1, 19)]),
    ("limits: {drain: 10}\n", &[(codes::WRONG_VALUE, 1, 17)]),
    ("limits: {drain: 1d}\n", &[(codes::LIMIT, 1, 17)]),
    ("limits: {lease: 2s}\n", &[(codes::LIMIT, 1, 17)]),
    ("limits: {lease: 6m}\n", &[(codes::LIMIT, 1, 17)]),
    ("retention: {finished_runs: 90}\n", &[(codes::WRONG_VALUE, 1, 28)]),
    ("retention: {deliveries: 59m}\n", &[(codes::LIMIT, 1, 25)]),
    ("retention: {blobs: 1d}\n", &[(codes::UNKNOWN_SETTING, 1, 13)]),
    ("groups:\n  g: [ana, anna]\n", &[(codes::UNKNOWN_PERSON, 2, 12)]),
    ("groups:\n  a b: [ana]\n", &[(codes::WRONG_VALUE, 2, 3)]),
    ("protected: [ghost]\n", &[(codes::UNKNOWN_AGENT, 1, 13)]),
    ("connections:\n  x: {base_url: https://e.example}\n", &[(codes::MISSING_SETTING, 2, 3)]),
    ("connections:\n  x: {connector: http, auth: {bearer: hunter2}}\n", &[(codes::LITERAL_SECRET, 2, 39)]),
    ("connections:\n  x: {connector: http, auth: hunter2}\n", &[(codes::LITERAL_SECRET, 2, 30)]),
    ("connections:\n  x: {connector: http, headers: {X-Api-Key: hunter2}}\n", &[(codes::LITERAL_SECRET, 2, 45)]),
    (
        "connections:\n  x: {connector: http, base_url: 'https://u:hunter2@e.example'}\n",
        &[(codes::LITERAL_SECRET, 2, 34)],
    ),
    ("connections:\n  x: {connector: http, networks: [10.0.0.0/99]}\n", &[(codes::WRONG_VALUE, 2, 35)]),
    ("sources:\n  x: {auth: {bearer: env:T}, trust: all}\n", &[(codes::UNKNOWN_WORD, 2, 37)]),
    ("sources:\n  x: {auth: {bearer: hunter2}}\n", &[(codes::LITERAL_SECRET, 2, 22)]),
    ("sources:\n  system: {auth: {bearer: env:T}}\n", &[(codes::WRONG_VALUE, 2, 3)]),
    ("sources:\n  schedule: {auth: {bearer: env:T}}\n", &[(codes::WRONG_VALUE, 2, 3)]),
    ("evidence_folder: [a]\n", &[(codes::WRONG_VALUE, 1, 18)]),
];

#[test]
fn every_fault_has_its_code_and_place() {
    let mut wrong = Vec::new();
    for (text, expected) in CASES {
        let files = Files::new(&format!("{LEAST}{text}"));
        let lines = u32::try_from(LEAST.lines().count()).unwrap();
        let faults = files.load().err().unwrap_or_default();
        let place = |fault: &Diagnostic| fault.span.map_or((0, 0), |span| (span.line - lines, span.column));
        let found: Vec<_> = faults.iter().map(|fault| (fault.code, place(fault).0, place(fault).1)).collect();
        if found != *expected || format!("{faults:?}").contains("hunter2") {
            wrong.push(format!("{text}expected {expected:?}, found {found:?}\n{faults:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn faults_of_people_are_placed_and_a_token_is_not_repeated() {
    let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let text = format!(
        "people:\n  ana: {{ token: hunter2, uid: 7 }}\n  ben: {{ uid: 7, token: \"{digest}\", email: ben at home }}\n  \
         cem: {{ token: \"{digest}\", webhook: nowhere, phone: 1 }}\nfallback_owner: [user:anna, owner]\n"
    );
    let faults = Files::new(&text).faults();
    let found: Vec<_> =
        faults.iter().map(|fault| (fault.code, fault.span.unwrap().line, fault.span.unwrap().column)).collect();
    let expected = [
        (codes::LITERAL_SECRET, 2, 17),
        (codes::SHARED_IDENTITY, 3, 15),
        (codes::WRONG_VALUE, 3, 107),
        (codes::SHARED_IDENTITY, 4, 17),
        (codes::UNKNOWN_CHANNEL, 4, 101),
        (codes::UNKNOWN_SETTING, 4, 110),
        (codes::UNKNOWN_PERSON, 5, 18),
        (codes::OWNER, 5, 29),
    ];
    assert_eq!(found, expected, "{faults:#?}");
    assert!(!format!("{faults:?}").contains("hunter2"));
    assert_eq!(faults[6].hint.as_deref(), Some("did you mean `ana`?"));
}

#[test]
fn no_person_has_the_name_of_a_user_of_the_machine() {
    let faults = Files::new("people:\n  local-0: {}\nfallback_owner: [user:local-0]\n").faults();
    assert_eq!((faults[0].code, faults[0].span.unwrap().line), (codes::WRONG_VALUE, 2), "{faults:#?}");
}

#[test]
fn a_fallback_owner_that_is_nobody_is_a_fault() {
    let nobody = Files::new("people: { ana: {} }\n").faults();
    assert_eq!((nobody[0].code, nobody[0].span.unwrap().line), (codes::NO_FALLBACK_OWNER, 1));
    let empty = Files::new("groups: { g: [] }\nfallback_owner: [group:g]\n").faults();
    let codes: Vec<_> = empty.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, [codes::UNREACHABLE, codes::NO_FALLBACK_OWNER]);
}

#[test]
fn somebody_without_an_address_is_warned_of() {
    let files = Files::new("people: { ana: { email: ana@example.com } }\nfallback_owner: [user:ana]\n");
    let warnings = files.load().unwrap().warnings;
    assert_eq!(warnings.iter().map(|one| one.code).collect::<Vec<_>>(), [codes::UNKNOWN_CHANNEL]);
    let files = Files::new("people: { ana: {} }\nfallback_owner: [user:ana]\npublic_url: http://x.example.com\n");
    let warnings = files.load().unwrap().warnings;
    let found: Vec<_> = warnings.iter().map(|one| (one.code, one.level)).collect();
    assert_eq!(found, [(codes::UNREACHABLE, Level::Warning), (codes::PUBLIC_URL, Level::Warning)]);
}

#[test]
fn a_file_that_is_no_yaml_or_not_there_is_one_fault() {
    assert_eq!(Files::new("listen: 'x\n").faults()[0].code, "SD0001");
    assert_eq!(Files::new("- a\n").faults()[0].code, codes::WRONG_VALUE);
    let fault = load(Some(Path::new("/nowhere/s.yaml")), &BTreeMap::new()).unwrap_err().remove(0);
    assert_eq!((fault.code, fault.file.as_str()), (codes::UNREADABLE, "/nowhere/s.yaml"));
}

#[test]
fn a_socket_path_that_the_system_can_not_hold_is_a_fault() {
    let files = Files::new(&format!("{LEAST}socket: /{}\n", "x".repeat(107)));
    assert_eq!(files.faults()[0].code, codes::PATH);
}
