use super::super::codes;
use super::*;
use crate::language::Type;
use serde_json::{Value as Json, json};

fn environment() -> Environment {
    let agent = Type::object([
        ("id", Type::String),
        ("name", Type::String),
        ("count", Type::Int),
        ("known", Type::Bool),
        ("token", Type::Secret),
        ("systems", Type::list_of(Type::String)),
        ("parts", Type::list_of(Type::object([("name", Type::String), ("size", Type::Int)]))),
        ("labels", Type::map_of(Type::String)),
    ]);
    Environment::new().with("agent", agent).with("body", Type::Any)
}

fn variables() -> Json {
    json!({
        "agent": {
            "id": "billing-bot", "name": "<Billing> & \"Co\"", "count": 3, "known": true,
            "token": {"secret": "vault:x"}, "systems": ["erp", "crm"],
            "parts": [{"name": "a", "size": 1}, {"name": "b", "size": 2}], "labels": {"team": "pay", "zone": "eu"}
        },
        "body": {"nothing": null, "empty": "", "list": [], "object": {"k": 1}, "items": [{"agent": {"id": "evil"}}]}
    })
}

fn compile_for(text: &str, escape: Escape) -> Template {
    Template::compile(text, &environment(), escape).unwrap_or_else(|faults| panic!("{text}: {faults:#?}"))
}

fn render(text: &str) -> Result<Json, RenderError> {
    compile_for(text, Escape::None).render(&variables())
}

fn faults(text: &str) -> Vec<Fault> {
    Template::compile(text, &environment(), Escape::None).expect_err(text)
}

/// The code and the text that the first fault points at.
fn fault(text: &str) -> (&'static str, String, String) {
    let fault = faults(text).remove(0);
    let place = text.chars().skip(fault.offset).take(fault.length).collect();
    (fault.code, place, fault.hint.unwrap_or_default())
}

#[test]
fn a_single_expression_keeps_its_type() {
    for (text, wanted) in [
        ("{{agent.count}}", json!(3)),
        ("{{agent.known}}", json!(true)),
        ("{{agent.token}}", json!({"secret": "vault:x"})),
        ("{{agent.systems}}", json!(["erp", "crm"])),
        ("{{agent.name}}", json!("<Billing> & \"Co\"")),
        ("{{default body.missing 7}}", json!(7)),
        ("{{eq agent.id \"billing-bot\"}}", json!(true)),
    ] {
        assert_eq!(render(text), Ok(wanted), "{text}");
    }
}

#[test]
fn longer_texts_are_put_together() {
    for (text, wanted) in [
        ("no tags", "no tags"),
        ("{{agent.id}} has {{agent.count}}", "billing-bot has 3"),
        (" {{agent.count}}", " 3"),
        ("{{#if agent.known}}known{{else}}new{{/if}}!", "known!"),
        ("{{#unless agent.known}}new{{else}}known{{/unless}}!", "known!"),
        ("{{#if body.missing}}x{{else if agent.known}}y{{else}}z{{/if}}", "y"),
        ("{{#if (eq agent.count 3)}}three{{/if}}.", "three."),
        ("{{#if body.list}}x{{/if}}{{#if body.empty}}x{{/if}}{{#if body.nothing}}x{{/if}}-", "-"),
        ("{{#each agent.systems}}{{@index}}={{this}}{{#unless @last}}, {{/unless}}{{/each}}", "0=erp, 1=crm"),
        (
            "{{#each agent.parts as |part i|}}{{i}}:{{part.name}}/{{this.size}} {{agent.id}};{{/each}}",
            "0:a/1 billing-bot;1:b/2 billing-bot;",
        ),
        ("{{#each agent.labels}}{{@key}}={{this}} {{/each}}", "team=pay zone=eu "),
        ("{{#each body.list}}x{{else}}none{{/each}}", "none"),
        ("on {{join agent.systems \", \"}}", "on erp, crm"),
        ("{{upper agent.id}} {{lower \"ABC\"}} {{truncate agent.id 5}}", "BILLING-BOT abc bill…"),
        ("{{default body.nothing \"-\"}}{{default body.empty \"+\"}}", "-+"),
        ("{{upper (default body.missing agent.id)}}.", "BILLING-BOT."),
        ("labels {{json agent.labels}}", "labels {\"team\":\"pay\",\"zone\":\"eu\"}"),
        ("a {{! a comment }}b", "a b"),
        ("\\{{agent.id}}", "{{agent.id}}"),
        ("x {{~agent.id~}} y", "xbilling-boty"),
    ] {
        assert_eq!(render(text), Ok(json!(wanted)), "{text}");
    }
}

#[test]
fn a_missing_value_is_an_error_that_names_it() {
    let missing = |path: &str| Err(RenderError::Missing { path: path.to_owned() });
    assert_eq!(render("{{body.missing}}"), missing("body.missing"));
    assert_eq!(render("delete {{body.nothing}}"), missing("body.nothing"));
    assert_eq!(render("{{upper body.missing}} x"), missing("body.missing"));
    assert_eq!(render("{{#each body.missing}}x{{/each}}"), missing("body.missing"));
    assert_eq!(compile_for("x {{agent.id}}", Escape::None).render(&json!({})), missing("agent.id"));
    assert_eq!(render("x {{body.object}}"), Err(RenderError::NotText { path: "body.object".into() }));
    let each = compile_for("{{#each body.x}}x{{/each}}", Escape::None).render(&json!({"body": {"x": 3}}));
    assert_eq!(each, Err(RenderError::NotList { path: "body.x".into() }));
}

#[test]
fn values_are_escaped_for_where_they_go() {
    let text = "<b>{{agent.name}}</b>";
    assert_eq!(
        compile_for(text, Escape::Html).render_text(&variables()).unwrap(),
        "<b>&lt;Billing&gt; &amp; &quot;Co&quot;</b>"
    );
    assert_eq!(
        compile_for("/v1/{{agent.name}}?x={{agent.count}}", Escape::Url).render_text(&variables()).unwrap(),
        "/v1/%3CBilling%3E%20%26%20%22Co%22?x=3"
    );
    assert_eq!(
        compile_for("{{agent.name}}", Escape::Html).render_text(&variables()).unwrap(),
        "&lt;Billing&gt; &amp; &quot;Co&quot;"
    );
    let json = compile_for("{\"name\": \"{{agent.name}}\"}", Escape::Json).render_text(&variables()).unwrap();
    assert_eq!(serde_json::from_str::<Json>(&json).unwrap()["name"], variables()["agent"]["name"]);
    assert_eq!(
        compile_for("{{#each agent.parts as |p|}}{{upper agent.name}}{{/each}}", Escape::Html)
            .render_text(&variables())
            .unwrap(),
        "&lt;BILLING&gt; &amp; &quot;CO&quot;".repeat(2)
    );
}

#[test]
fn a_value_is_never_read_as_a_template() {
    let variables = json!({"agent": {"id": "{{agent.token}}{{#each x}}"}});
    assert_eq!(compile_for("{{agent.id}}!", Escape::None).render(&variables), Ok(json!("{{agent.token}}{{#each x}}!")));
    assert_eq!(Template::text("{{agent.id}}").render(&variables), Ok(json!("{{agent.id}}")));
}

#[test]
fn an_item_of_a_loop_can_not_stand_in_for_a_variable() {
    assert_eq!(render("{{#each body.items}}{{agent.id}}{{/each}}"), Ok(json!("billing-bot")));
    assert_eq!(render("{{#each body.items}}{{this.agent.id}}{{/each}}"), Ok(json!("evil")));
}

#[test]
fn unknown_names_are_faults_with_a_place_and_what_was_meant() {
    let cases = [
        ("x {{agnt.id}}", codes::TEMPLATE_UNKNOWN_VARIABLE, "agnt.id", "did you mean `agent`?"),
        ("ä {{agent.idd}}", codes::TEMPLATE_UNKNOWN_FIELD, "agent.idd", "did you mean `id`?"),
        ("{{agent.nmae}}", codes::TEMPLATE_UNKNOWN_FIELD, "agent.nmae", "did you mean `name`?"),
        ("a\n{{uper agent.id}}", codes::TEMPLATE_UNKNOWN_HELPER, "uper", "did you mean `upper`?"),
        ("{{#with agent}}{{id}}{{/with}}", codes::TEMPLATE_UNKNOWN_HELPER, "with", "#each"),
        ("{{#each agent.parts}}{{name}}{{/each}}", codes::TEMPLATE_UNKNOWN_VARIABLE, "name", "write this.name"),
        (
            "{{#each agent.parts as |p|}}{{p.nam}}{{/each}}",
            codes::TEMPLATE_UNKNOWN_FIELD,
            "p.nam",
            "did you mean `name`?",
        ),
        ("{{#if agent.knwn}}x{{/if}}", codes::TEMPLATE_UNKNOWN_FIELD, "agent.knwn", "did you mean `known`?"),
        ("{{lookup agent \"id\"}}", codes::TEMPLATE_UNKNOWN_HELPER, "lookup", "helpers are"),
        ("{{upper agent.id 3}}", codes::TEMPLATE_ARGUMENTS, "upper", ""),
        ("{{#if}}x{{/if}}", codes::TEMPLATE_ARGUMENTS, "if", ""),
    ];
    for (text, code, place, hint) in cases {
        let found = fault(text);
        assert_eq!(found.0, code, "{text}: {found:?}");
        assert!(place.is_empty() || found.1 == place, "{text}: {found:?}");
        assert!(found.2.contains(hint), "{text}: {found:?}");
    }
}

#[test]
fn all_faults_come_at_once() {
    let codes: Vec<_> = faults("{{agnt.id}} {{agent.idd}} {{agent.systems}}").iter().map(|fault| fault.code).collect();
    let wanted = [codes::TEMPLATE_UNKNOWN_VARIABLE, codes::TEMPLATE_UNKNOWN_FIELD, codes::TEMPLATE_TYPE];
    assert_eq!(codes, wanted);
}

#[test]
fn a_secret_never_stands_inside_a_longer_text() {
    for text in [
        "Bearer {{agent.token}}",
        "{{agent.token}} ",
        "{{upper agent.token}}",
        "{{json agent.token}}",
        "{{json agent}}",
        "{{#if agent.known}}{{agent.token}}{{/if}}",
        "x {{default agent.token \"\"}}",
        "{{eq agent.token \"guess\"}}",
    ] {
        assert_eq!(fault(text).0, codes::TEMPLATE_SECRET, "{text}");
    }
    assert_eq!(render("{{#if agent.token}}has one{{/if}}"), Ok(json!("has one")));
}

#[test]
fn lists_and_objects_have_no_text() {
    for text in
        ["x {{agent.systems}}", "x {{agent.labels}}", "{{join agent.id \",\"}}", "{{#each agent.count}}x{{/each}}"]
    {
        assert_eq!(fault(text).0, codes::TEMPLATE_TYPE, "{text}");
    }
}

#[test]
fn what_handlebars_has_and_templates_must_not_have_is_refused() {
    for text in [
        "{{#*inline \"p\"}}{{> p}}{{/inline}}{{> p}}",
        "{{~#*inline \"p\"~}}x{{/inline}}",
        "{{ # * inline \"p\"}}x{{/inline}}",
        "{{> p}}",
        "{{~> p}}",
        "{{#> p}}x{{/p}}",
        "{{* d}}",
        "{{{agent.name}}}",
        "{{~{agent.name}~}}",
        "{{&agent.name}}",
        "{{{{raw}}}}x{{{{/raw}}}}",
        "{{#each agent.parts}}{{../agent.id}}{{/each}}",
        "{{@root.agent.id}}",
        "{{this}} x",
        "{{@index}} x",
        "{{agent/id}}",
        "{{agent.this.id}}",
        "{{upper agent.id x=1}}",
        "{{#if agent.id as |x|}}{{x}}{{/if}}",
    ] {
        let found = Template::compile(text, &environment(), Escape::None).expect_err(text).remove(0);
        let refused = [
            codes::TEMPLATE_REFUSED,
            codes::TEMPLATE_SYNTAX,
            codes::TEMPLATE_UNKNOWN_HELPER,
            codes::TEMPLATE_ARGUMENTS,
        ];
        assert!(refused.contains(&found.code), "{text}: {found:?}");
    }
}

#[test]
fn torn_templates_are_faults() {
    for text in [
        "{{",
        "{{agent.id",
        "{{#if agent.known}}x",
        "{{/if}}",
        "{{#if agent.known}}x{{/each}}",
        "{{}}",
        "{{agent.}}",
        "x {{else}} y",
    ] {
        let found = Template::compile(text, &environment(), Escape::None).expect_err(text).remove(0);
        assert!(found.code.starts_with("SD02"), "{text}: {found:?}");
    }
}

#[test]
fn deep_and_long_templates_are_refused_and_do_not_overflow() {
    let nested = |depth: usize| format!("{}x{}", "{{#if agent.known}}".repeat(depth), "{{/if}}".repeat(depth));
    let chain = |branches: usize| format!("{{{{#if body.a}}}}x{}{{{{/if}}}}", "{{else if body.a}}x".repeat(branches));
    for text in [
        nested(5000),
        nested(17),
        chain(490),
        chain(40),
        "{{#if agent.known}}".repeat(3000),
        "{{agent.id}} ".repeat(501),
        "x{{agent.id}}".to_owned() + &"y".repeat(70_000),
        format!("{{{{upper {}agent.id{}}}}}", "(upper ".repeat(2000), ")".repeat(2000)),
        format!("{{{{upper {}agent.id{}}}}}", "(upper ".repeat(8), ")".repeat(8)),
        format!("{{{{json {}{}}}}}", "[".repeat(3000), "]".repeat(3000)),
        format!("{{{{{}", "a.".repeat(2000)),
        format!("{{{{upper {}agent.id", "(".repeat(2000)),
    ] {
        assert_eq!(fault(&text).0, codes::TEMPLATE_TOO_COMPLEX, "{}", &text[..40]);
    }
    assert_eq!(render(&nested(16)), Ok(json!("x")));
    let worker = std::thread::Builder::new().stack_size(256 * 1024);
    let outcome = worker.spawn(move || render(&chain(30)).map(|_| render(&nested(16)))).unwrap().join();
    assert!(outcome.expect("no overflow").is_ok());
}

#[test]
fn what_comes_out_is_limited() {
    let long = json!({"body": {"text": "x".repeat(40_000), "items": (0..20_000).collect::<Vec<u32>>()}});
    let render = |text: &str| compile_for(text, Escape::Html).render(&long);
    assert_eq!(render("{{body.text}}{{body.text}}"), Err(RenderError::TooLong));
    assert_eq!(render("{{#each body.items}}{{/each}} x"), Err(RenderError::TooLong));
    assert_eq!(render("{{#each body.items}}{{#each body.items}}{{/each}}{{/each}} x"), Err(RenderError::TooLong));
    assert_eq!(render("{{body.text}}").map(|text| text.as_str().map(str::len)), Ok(Some(40_000)));
}

#[test]
fn templates_are_equal_by_text_and_escape() {
    assert_eq!(compile_for("{{agent.id}}", Escape::None), compile_for("{{agent.id}}", Escape::None));
    assert_ne!(compile_for("{{agent.id}}", Escape::None), compile_for("{{agent.id}}", Escape::Url));
    assert_ne!(compile_for("{{agent.id}}", Escape::None), Template::text("{{agent.id}}"));
    assert_eq!(compile_for("plain", Escape::Url), Template::text("plain"));
}
