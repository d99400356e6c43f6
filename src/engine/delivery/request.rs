//! A request for a decision as a message: the question, what each answer does, and one link.
//!
//! The code stands first in the subject and nowhere else; the link never decides by being opened. Text that an agent or
//! an alert supplied is quoted, cut to one line and can't become a link.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::domain::{AgentId, Approval, LinkToken, Run};
use crate::machine::notice::one_line;

use super::containment::{self, Containment};
use super::moment::{clock_time, distance};
use super::quoted;
use super::wording::Wording;

/// The longest question in a subject.
const SUBJECT_CHARACTERS_MAX: usize = 90;

/// Agents that a message names, where several are decided about together.
const AGENTS_MAX: usize = 20;

/// A message in words.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Worded {
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
}

/// What a message about a request is made of.
pub(super) struct Request<'a> {
    pub run: &'a Run,
    pub approval: &'a Approval,
    /// The agents that it is about, if people decide about several together; more may come.
    pub agents: &'a [AgentId],
    pub wording: &'a Wording,
    pub containment: &'a Containment,
    pub public_url: &'a str,
    pub now: Timestamp,
}

impl Request<'_> {
    /// The message that carries this token and this code.
    pub fn worded(&self, token: &LinkToken, code: &str) -> Worded {
        let link = format!("{}/a/{}", self.public_url, token.reveal());
        Worded { subject: self.subject(code), text: self.text(&link), html: Some(self.html(&link)) }
    }

    fn subject(&self, code: &str) -> String {
        let question: String = quiet(&self.question()).chars().take(SUBJECT_CHARACTERS_MAX).collect();
        format!("[{code}] {question} - decide by {}", clock_time(self.approval.deadline, self.now))
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let (run, alert) = (self.run, &self.run.alert);
        let environment = run.agent.environment.as_deref().map(|name| format!(", {}", quiet(name)));
        let said = quoted::fields(alert);
        let said = said.iter().map(|(name, value)| ("It says", format!("{}: \"{}\"", quiet(name), quiet(value))));
        let alert_line = format!("\"{}\" (quoted from the source {})", quiet(&alert.title), alert.source);
        let facts = [
            ("Severity", alert.severity.to_string()),
            ("Agent", format!("{} ({}{})", run.agent.id, run.agent.tier, environment.unwrap_or_default())),
            ("Why asked", self.approval.cause.explain().to_owned()),
            ("Decide by", self.deadline()),
        ];
        [("Alert", alert_line)].into_iter().chain(said).chain(facts).chain(self.together()).collect()
    }

    fn question(&self) -> String {
        let ask = &self.approval.ask;
        if self.agents.len() > 1 { format!("{} agents: {ask}", self.agents.len()) } else { ask.clone() }
    }

    /// The agents that wait, and that more of them make no further message.
    fn together(&self) -> Option<(&'static str, String)> {
        self.approval.bundle.as_ref()?;
        let names: Vec<String> = self.agents.iter().take(AGENTS_MAX).map(|agent| quiet(agent.as_str())).collect();
        let more = self.agents.len().saturating_sub(names.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names = names.join(", ");
        Some((
            "Waiting now",
            format!("{names}{more}. Further agents above this limit join the list behind the same link."),
        ))
    }

    fn deadline(&self) -> String {
        let (at, now) = (self.approval.deadline, self.now);
        format!("{} ({})", clock_time(at, now), distance(at, now))
    }

    fn answers(&self) -> [(&str, &str); 3] {
        let wording = self.wording;
        [
            (&wording.approve, &wording.if_approved),
            (&wording.reject, &wording.if_rejected),
            ("No answer", &wording.if_silent),
        ]
    }

    /// What is known of the containment, each part with its headline and its colour; it stands above everything else.
    fn contained(&self) -> Vec<(&'static str, &'static str, &[String])> {
        let Containment { missing, seen, before, lost, .. } = self.containment;
        let parts: [(&str, &str, &[String]); 4] = [
            (containment::MISSING, "#b91c1c", missing),
            (containment::SEEN, "#166534", seen),
            (containment::BEFORE, "#555555", before),
            ("Lost", "#555555", lost),
        ];
        parts.into_iter().filter(|(_, _, lines)| !lines.is_empty()).collect()
    }

    fn contained_html(&self) -> String {
        let part = |(headline, color, lines): (&str, &str, &[String])| {
            let lines = lines.iter().map(|line| format!("<li>{}</li>", handlebars::html_escape(&quiet(line))));
            let lines: String = lines.collect();
            format!(
                "<div style=\"border:2px solid {color};padding:8px 12px\"><strong>{headline}</strong><ul>{lines}</ul></div>"
            )
        };
        self.contained().into_iter().map(part).collect()
    }

    fn text(&self, link: &str) -> String {
        let mut text = format!("{}\n\n", quiet(&self.question()));
        let mut add = |words: String| writeln!(text, "{words}").unwrap_or_default();
        for (headline, _, lines) in self.contained() {
            add(format!("{headline}:"));
            for line in lines {
                add(format!("- {}", quiet(line)));
            }
            add(String::new());
        }
        for (name, sentence) in self.answers() {
            add(format!("- {}: {}", quiet(name), quiet(sentence)));
        }
        add(String::new());
        for (name, fact) in self.facts() {
            add(format!("{name}: {fact}"));
        }
        add(format!("\nLook at it and decide:\n{link}\n"));
        add("Opening the link changes nothing. The page asks for the code: the four digits at the start of the".into());
        add("subject. The link is for you alone; do not forward it.".into());
        add(format!("\nRequest {}, run {}.", self.approval.id, self.run.id));
        text
    }

    fn html(&self, link: &str) -> String {
        let safe = |text: &str| handlebars::html_escape(&quiet(text));
        let mut html = String::from(
            "<div style=\"font:16px/1.5 system-ui,sans-serif;max-width:36em\">\
             <p style=\"font-size:20px;font-weight:600\">",
        );
        html.push_str(&safe(&self.question()));
        html.push_str("</p>");
        html.push_str(&self.contained_html());
        html.push_str("<ul>");
        for (name, sentence) in self.answers() {
            write!(html, "<li><strong>{}:</strong> {}</li>", safe(name), safe(sentence)).unwrap_or_default();
        }
        html.push_str("</ul><p>");
        for (name, fact) in self.facts() {
            write!(html, "<strong>{name}:</strong> {}<br>", handlebars::html_escape(&fact)).unwrap_or_default();
        }
        write!(
            html,
            "</p><p><a href=\"{}\" style=\"display:inline-block;padding:12px 20px;background:#1d4ed8;color:#ffffff;\
             border-radius:6px;font-weight:600\">Look at it and decide</a></p>\
             <p>Opening the link changes nothing. The page asks for the code: the four digits at the start of the \
             subject. The link is for you alone; do not forward it.</p>\
             <p style=\"color:#555555\">Request {}, run {}.</p></div>",
            handlebars::html_escape(link),
            self.approval.id,
            self.run.id
        )
        .unwrap_or_default();
        html
    }
}

/// One line in which mail programs find nothing to make a link of.
fn quiet(text: &str) -> String {
    one_line(text).replace("://", "[:]//").replace("www.", "www[.]").replace("WWW.", "WWW[.]")
}
