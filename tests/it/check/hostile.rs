//! Playbooks made to exhaust stack, time or memory of whoever reads them.

/// A hostile file.
pub struct Hostile {
    pub what: &'static str,
    pub bytes: Vec<u8>,
}

fn hostile(what: &'static str, text: impl Into<Vec<u8>>) -> Hostile {
    Hostile { what, bytes: text.into() }
}

fn matching(condition: &str) -> String {
    format!(
        "playbook: hostile\ntitle: Hostile\nowner: fallback\nmode: enforce\nmatch:\n  when: >-\n    {condition}\nstages:\n  \
         - stage: one\n    steps:\n      - {{ step: pause, action: agent.pause, with: {{ reason: x }} }}\n"
    )
}

fn reasoning(template: &str) -> String {
    let quoted = serde_json::to_string(template).unwrap();
    format!(
        "playbook: hostile\ntitle: Hostile\nowner: fallback\nmode: enforce\nmatch:\n  when: alert.rule == 'x'\nstages:\n  \
         - stage: one\n    steps:\n      - {{ step: pause, action: agent.pause, with: {{ reason: {quoted} }} }}\n"
    )
}

fn lines(numbers: std::ops::Range<usize>, line: impl Fn(usize) -> String) -> String {
    numbers.map(line).collect::<Vec<_>>().join("\n") + "\n"
}

/// Each must be refused with a diagnostic.
pub fn files() -> Vec<Hostile> {
    let chain = |operator: &str, term: &str, count: usize| vec![term; count].join(operator);
    let laughs = lines(1..12, |level| {
        let before = if level == 1 { "\"ha\"".to_owned() } else { format!("*a{}", level - 1) };
        format!("a{level}: &a{level} [{}]", vec![before; 10].join(", "))
    });
    let keys = lines(0..60_000, |number| format!("key{number}: 1"));
    let levels = lines(0..2000, |level| format!("{}a:", " ".repeat(level)));
    vec![
        hostile("1400 terms", matching(&format!("{} > 0", chain(" + ", "1", 1400)))),
        hostile("a thousand alternatives", matching(&chain(" || ", "alert.title == 'a'", 1000))),
        hostile("500 brackets", matching(&format!("{}true{}", "(".repeat(500), ")".repeat(500)))),
        hostile("50,000 brackets", matching(&format!("{}true{}", "(".repeat(50_000), ")".repeat(50_000)))),
        hostile("brackets that never close", matching(&"[".repeat(3000))),
        hostile("3000 negations", matching(&format!("{}true", "!".repeat(3000)))),
        hostile("3000 minus signs", matching(&format!("{}1 < 0", "-".repeat(3000)))),
        hostile("400 conditions in a row", matching(&format!("{}true", "true ? true : ".repeat(400)))),
        hostile("2000 selections", matching(&format!("alert{}", ".title".repeat(2000)))),
        hostile("2000 indexes", matching(&format!("alert.labels{} == 1", "['a']".repeat(2000)))),
        hostile("nested macros", matching(&format!("{}true{}", "[1].all(x, ".repeat(100), ")".repeat(100)))),
        hostile("a pattern that is too large", matching("alert.title.matches('((((a{1000}){1000}){1000}){1000})')")),
        hostile("a pattern that never closes", matching("alert.title.matches('((((')")),
        hostile("5000 nested blocks", reasoning(&"{{#if alert.title}}".repeat(5000))),
        hostile(
            "5000 blocks that close",
            reasoning(&format!("{}x{}", "{{#if alert.title}}".repeat(5000), "{{/if}}".repeat(5000))),
        ),
        hostile("a partial of itself", reasoning("{{#*inline \"p\"}}{{> p}}{{/inline}}{{> p}}")),
        hostile("a decorator", reasoning("{{* x}}")),
        hostile("100,000 braces", reasoning(&"{".repeat(100_000))),
        hostile(
            "nested subexpressions",
            reasoning(&format!("{{{{{}alert.title{}}}}}", "default (".repeat(2000), ")".repeat(2000))),
        ),
        hostile("a billion laughs", format!("{laughs}playbook: *a11\n")),
        hostile("10,000 lists in each other", format!("playbook: {}1{}\n", "[".repeat(10_000), "]".repeat(10_000))),
        hostile("10,000 maps in each other", format!("playbook: {}1{}\n", "{a: ".repeat(10_000), "}".repeat(10_000))),
        hostile("lists that never close", "[".repeat(200_000)),
        hostile("2000 levels of indentation", levels),
        hostile("60,000 keys", keys),
        hostile("three megabytes", format!("title: {}\n", "x".repeat(3 << 20))),
        hostile("an endless line of quotes", format!("title: {}\n", "'".repeat(300_001))),
        hostile("an alias of itself", "playbook: &a [*a]\n"),
        hostile("a merge key", "a: &a { title: x }\nplaybook: { <<: *a }\n"),
        hostile("a tag", "playbook: !!python/object/apply:os.system [\"true\"]\n"),
        hostile("two documents", "playbook: a\n---\nplaybook: b\n"),
        hostile("the same key twice", format!("{}playbook: again\n", matching("true"))),
        hostile("bytes that are no text", b"playbook: \xff\xfe\xc0\xaf\n".to_vec()),
        hostile("UTF-16", "\u{feff}playbook: a".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
        hostile("zeros", vec![0_u8; 4096]),
        hostile("escapes for a terminal", "playbook: \"\\e[2J\\e]0;owned\\a\"\ntitle: \u{9b}31m\n"),
        hostile("nothing", ""),
        hostile("tabs", "playbook:\tx\n\tstages: []\n"),
    ]
}
