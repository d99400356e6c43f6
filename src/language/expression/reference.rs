//! The functions of expressions for people: one line and an example each.
//!
//! The checker's tables say what is taken; a test holds these lines against them, and compiles every example.

/// A function, a loop or an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionHelp {
    /// Its name, or the operator.
    pub name: &'static str,
    /// One line: what it gives.
    pub help: &'static str,
    /// An expression that uses it.
    pub example: &'static str,
}

const fn help(name: &'static str, help: &'static str, example: &'static str) -> FunctionHelp {
    FunctionHelp { name, help, example }
}

/// The operators.
pub const OPERATORS: [FunctionHelp; 7] = [
    help("==  !=", "equal, and not equal; both sides are of one type", "alert.rule == 'token_anomalous_use'"),
    help("<  <=  >  >=", "the order of numbers, texts, times, durations and severities", "alert.severity >= HIGH"),
    help("&&  ||  !", "and, or, not", "agent.known && !agent.protected"),
    help("in", "whether a list has the item, or an object the key", "alert.rule in ['token_misuse', 'token_theft']"),
    help("+  -  *  /  %", "calculation; `+` also joins texts and lists", "size(alert.resources) + 1 > 3"),
    help(
        "? :",
        "the second value if the first is true, else the third",
        "(agent.known ? agent.tier : 'unknown') == 'unknown'",
    ),
    help("x.?y", "the field if it is there; `orValue` says what else", "alert.fields.?country.orValue('') == 'DE'"),
];

/// The functions that Standdown adds to CEL.
pub const OWN: [FunctionHelp; 8] = [
    help("matches", "whether a text has a match of the regular expression", "alert.title.matches('(?i)token')"),
    help("lower", "the text in small letters", "lower(alert.title).contains('token')"),
    help("upper", "the text in capital letters", "upper(agent.name) == 'BILLING-BOT'"),
    help("in_network", "whether the address is in the network", "string(alert.fields.ip).in_network('10.0.0.0/8')"),
    help("hour", "the hour of a time in a time zone, 0 to 23", "hour(now, 'Europe/Berlin') < 6"),
    help(
        "weekday",
        "the day of a time in a time zone, `monday` to `sunday`",
        "weekday(now, 'UTC') in ['saturday', 'sunday']",
    ),
    help("domain", "the part of an address after the `@`, in small letters", "domain(agent.owner) == 'example.com'"),
    help("severity", "a severity from a text or from a number from 1 to 5", "severity(alert.labels['level']) >= HIGH"),
];

/// The functions of the standard library.
pub const STANDARD: [FunctionHelp; 27] = [
    help("size", "how long a text, a list or an object is", "size(alert.resources) > 10"),
    help("contains", "whether a text contains another", "alert.title.contains('token')"),
    help("startsWith", "whether a text begins with another", "agent.id.startsWith('spiffe://')"),
    help("endsWith", "whether a text ends with another", "agent.name.endsWith('-bot')"),
    help("getFullYear", "the year of a time in UTC", "now.getFullYear() >= 2026"),
    help("getMonth", "the month of a time in UTC, from 0", "now.getMonth() == 11"),
    help("getDate", "the day of the month in UTC, from 1", "now.getDate() == 1"),
    help("getDayOfMonth", "the day of the month in UTC, from 0", "now.getDayOfMonth() == 0"),
    help("getDayOfWeek", "the day of the week in UTC, from 0 for Sunday", "now.getDayOfWeek() == 0"),
    help("getDayOfYear", "the day of the year in UTC, from 0", "now.getDayOfYear() < 7"),
    help("getHours", "the hour of a time in UTC, or the hours of a duration", "now.getHours() < 6"),
    help("getMinutes", "the minute of a time, or the minutes of a duration", "now.getMinutes() < 30"),
    help("getSeconds", "the second of a time, or the seconds of a duration", "now.getSeconds() < 30"),
    help("getMilliseconds", "the milliseconds of a time or of a duration", "now.getMilliseconds() >= 0"),
    help("hasValue", "whether an optional value is there", "alert.fields.?country.hasValue()"),
    help("value", "the value of an optional one that is there", "alert.fields.?country.value() == 'DE'"),
    help("or", "the first optional value that is there", "alert.fields.?country.or(alert.fields.?region).hasValue()"),
    help("orValue", "the optional value, or another where it is not there", "alert.fields.?count.orValue(0) > 3"),
    help("int", "a whole number from a text, a number or a time", "int(alert.labels['count']) > 3"),
    help("uint", "a whole number without a sign", "uint(alert.labels['count']) > 3u"),
    help("double", "a decimal number from a text or a number", "double(alert.labels['score']) > 0.9"),
    help("string", "a text from a value", "string(now).startsWith('2026')"),
    help("bool", "true or false from a text", "bool(alert.labels['test'])"),
    help("duration", "a duration from a text", "now - alert.occurred_at > duration('10m')"),
    help("timestamp", "a time from a text (RFC 3339)", "now > timestamp('2026-01-01T00:00:00Z')"),
    help("dyn", "the value, with its type left open until it is evaluated", "dyn(alert.fields.count) > 3"),
    help("type", "the type of a value", "type(alert.fields.count) == int"),
];

/// The loops, and `has`.
pub const LOOPS: [FunctionHelp; 6] = [
    help("has", "whether a field is there", "has(alert.fields.ip)"),
    help("all", "whether all items are so", "alert.resources.all(x, x.startsWith('prod/'))"),
    help("exists", "whether an item is so", "agent.systems.exists(x, x == 'billing')"),
    help("exists_one", "whether exactly one item is so", "agent.systems.exists_one(x, x == 'billing')"),
    help("map", "a list of what is made of each item", "agent.systems.map(x, lower(x)) == ['billing']"),
    help("filter", "the items that are so", "size(alert.resources.filter(x, x.startsWith('prod/'))) > 0"),
];

#[cfg(test)]
mod tests {
    use super::super::check::{LOOP_NAMES, STANDARD_NAMES};
    use super::super::functions::SIGNATURES;
    use super::*;

    #[test]
    fn every_function_that_is_taken_is_explained_and_no_other() {
        let names = |table: &[FunctionHelp]| table.iter().map(|help| help.name).collect::<Vec<_>>();
        assert_eq!(names(&OWN), SIGNATURES.iter().map(|signature| signature.name).collect::<Vec<_>>());
        assert_eq!(names(&STANDARD), *STANDARD_NAMES);
        assert_eq!(names(&LOOPS), *LOOP_NAMES);
    }

    #[test]
    fn every_example_uses_what_it_explains() {
        for help in OPERATORS.iter().chain(&OWN).chain(&STANDARD).chain(&LOOPS) {
            let parts = help.name.split_whitespace().map(|part| part.trim_matches(['x', 'y']));
            assert!(parts.into_iter().any(|part| help.example.contains(part)), "{help:?}");
        }
    }
}
