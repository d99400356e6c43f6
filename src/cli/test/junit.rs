//! Results of tests as `JUnit` XML, the form that build servers read: `testsuites > testsuite > testcase > failure`.

use std::fmt::Write as _;

use crate::language::Level;
use crate::rehearsal::codes;

use super::{Findings, Shortfall};

pub(super) fn render(findings: &Findings) -> String {
    let errors: Vec<_> = findings.diagnostics.iter().filter(|fault| fault.level == Level::Error).collect();
    let shortfalls = findings.shortfalls();
    let count = findings.passed() + findings.failed() + errors.len() + shortfalls.len();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let mut line = |words: String| writeln!(text, "{words}").unwrap_or_default();
    line(format!(
        "<testsuites name=\"standdown\" tests=\"{count}\" failures=\"{}\" errors=\"{}\" time=\"{:.3}\">",
        findings.failed() + shortfalls.len(),
        errors.len(),
        findings.took.as_secs_f64(),
    ));
    for (suite, result) in &findings.suites {
        let failed = result.cases.iter().filter(|case| !case.passed()).count();
        let (file, cases) = (escape(&suite.file), result.cases.len());
        line(format!("  <testsuite name=\"{file}\" tests=\"{cases}\" failures=\"{failed}\" errors=\"0\">"));
        for case in &result.cases {
            let name = escape(&case.name);
            let class = escape(suite.playbook.name.as_str());
            let at = case.span.map_or(0, |span| span.line);
            let head = format!("    <testcase name=\"{name}\" classname=\"{class}\" file=\"{file}\" line=\"{at}\"");
            if case.passed() {
                line(format!("{head}/>"));
                continue;
            }
            line(format!("{head}>"));
            for mismatch in &case.mismatches {
                let (what, expected, found) =
                    (escape(&mismatch.what()), escape(&mismatch.expected), escape(&mismatch.found));
                line(format!("      <failure message=\"{what}\">expected: {expected}\nfound: {found}</failure>"));
            }
            line("    </testcase>".to_owned());
        }
        line("  </testsuite>".to_owned());
    }
    if !errors.is_empty() {
        let count = errors.len();
        line(format!("  <testsuite name=\"files\" tests=\"{count}\" failures=\"0\" errors=\"{count}\">"));
        for fault in errors {
            let (file, message) = (escape(&fault.file), escape(&fault.message));
            let at = fault.span.map_or(0, |span| span.line);
            line(format!("    <testcase name=\"{file}:{at}\" classname=\"{}\">", fault.code));
            line(format!("      <error message=\"{message}\"/>"));
            line("    </testcase>".to_owned());
        }
        line("  </testsuite>".to_owned());
    }
    if !shortfalls.is_empty() {
        let count = shortfalls.len();
        line(format!("  <testsuite name=\"coverage\" tests=\"{count}\" failures=\"{count}\" errors=\"0\">"));
        for Shortfall { file, words } in &shortfalls {
            line(format!("    <testcase name=\"{}\" classname=\"{}\">", escape(file), codes::COVERAGE));
            line(format!("      <failure message=\"{}\"/>", escape(words)));
            line("    </testcase>".to_owned());
        }
        line("  </testsuite>".to_owned());
    }
    line("</testsuites>".to_owned());
    text
}

/// Text for an attribute or an element. Characters that XML 1.0 can't have are replaced.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            other if other.is_control() || matches!(other, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn no_name_of_a_case_breaks_out_of_its_attribute() {
        assert_eq!(escape("a\"><b>&\u{1b}\n"), "a&quot;&gt;&lt;b&gt;&amp;\u{fffd}&#10;");
    }
}
