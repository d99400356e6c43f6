//! `standdown help [TOPIC]`: a command, a topic of the reference, an action, a key of the language, or a code.
//!
//! It takes the place of clap's own `help`, and still answers for every command as that did.

use clap::{Args, Command, CommandFactory as _};

use crate::app;
use crate::guide::{self, Guide};

use super::Cli;
use super::exit::Error;
use super::output::say;
use super::render::add;

/// Explain a command, a topic, an action, a key or a code such as SD0301.
#[derive(Debug, Args)]
pub struct Help {
    /// A command, a topic, an action, a key or a code; without it, all commands and topics
    topic: Vec<String>,
}

impl Help {
    pub fn run(self) -> Result<(), Error> {
        Ok(say(&answer(&self.topic)?)?)
    }
}

/// What is shown for these words. A topic comes before a command of its name, which is named below it: the reference says
/// where to begin, and a command has its `--help`.
fn answer(words: &[String]) -> Result<String, Error> {
    let guide = app::guide();
    let mut command = Cli::command();
    command.build();
    if words.is_empty() {
        return Ok(overview(&mut command, &guide));
    }
    let topic = words.join(" ");
    let found = command_named(&mut command, words);
    let key = guide.key(&topic);
    match (guide.page(&topic).or(key.as_ref()), found) {
        (Some(page), None) => Ok(guide::render(page)),
        (Some(page), Some(_)) => {
            Ok(format!("{}\n`standdown {topic} --help` shows the command.\n", guide::render(page)))
        }
        (None, Some(found)) => Ok(found.render_long_help().ansi().to_string()),
        (None, None) => Err(Error::Usage(unknown(&topic, &command, &guide))),
    }
}

/// All commands, and all topics below them.
fn overview(command: &mut Command, guide: &Guide) -> String {
    let mut text = command.render_help().ansi().to_string();
    text.push_str("\nTopics of `standdown help TOPIC`:\n");
    for page in guide.topics() {
        add(&mut text, format_args!("  {:<12} {}\n", page.topic, page.line));
    }
    text.push_str("  ACTION       one action, such as agent.pause\n  KEY          one key of playbooks, such as on_failure\n  CODE         one code, such as SD0301\n");
    text
}

fn command_named<'c>(command: &'c mut Command, words: &[String]) -> Option<&'c mut Command> {
    words.iter().try_fold(command, |command, word| command.find_subcommand_mut(word))
}

fn unknown(topic: &str, command: &Command, guide: &Guide) -> String {
    let commands = command.get_subcommands().map(Command::get_name);
    let meant = crate::language::suggest(topic, commands).or_else(|| guide.suggest(topic));
    let hint = meant.map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
    format!("there is no command, topic, action or code `{topic}`; {hint}`standdown help` lists them")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overview_names_every_command_and_every_topic() {
        let text = overview(&mut Cli::command(), &app::guide());
        for word in ["serve", "check", "keys", "actions", "expressions", "templates", "codes", "SD0301"] {
            assert!(text.contains(word), "{word} in\n{text}");
        }
    }

    #[test]
    fn a_command_is_found_also_below_another() {
        let mut command = Cli::command();
        command.build();
        let mut find = |words: &str| {
            let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
            command_named(&mut command, &words).map(|found| found.get_name().to_owned())
        };
        assert_eq!(find("serve").as_deref(), Some("serve"));
        assert_eq!(find("runs show").as_deref(), Some("show"));
        assert_eq!(find("runs nothing"), None);
    }

    #[test]
    fn a_topic_comes_before_the_command_of_its_name_and_names_it() {
        let shown = |words: &str| answer(&[words.to_owned()]).map_err(|error| error.to_string());
        let both = shown("playbooks").unwrap();
        assert!(
            both.contains("run_playbook") && both.ends_with("`standdown playbooks --help` shows the command.\n"),
            "{both}"
        );
        assert!(!shown("SD1030").unwrap().contains("shows the command"));
        assert!(shown("freeze").unwrap().contains("Usage"));
        assert!(shown("kubernetes").is_err());
    }

    #[test]
    fn every_key_of_the_language_leads_to_what_is_said_of_it() {
        let shown = |words: &str| answer(&[words.to_owned()]).map_err(|error| error.to_string());
        for section in crate::playbook::keys::SECTIONS {
            for key in section.keys {
                let text = shown(key.name).unwrap();
                // Where a topic has the name of a key, the topic is what people look for.
                assert!(text.contains(key.name), "{}\n{text}", key.name);
            }
        }
        let on_failure = shown("on_failure").unwrap();
        assert!(on_failure.contains("in step") && on_failure.contains("undo"), "{on_failure}");
        let for_each = shown("for_each").unwrap();
        assert!(for_each.contains("in step") && for_each.contains("at_most"), "its own keys as well: {for_each}");
        let (command, guide) = (Cli::command(), app::guide());
        assert!(unknown("on_failur", &command, &guide).contains("did you mean `on_failure`?"));
    }

    #[test]
    fn what_people_look_for_under_another_name_leads_to_the_page_that_tells_of_it() {
        let shown = |words: &str| answer(&[words.to_owned()]).map_err(|error| error.to_string()).unwrap();
        assert!(shown("api").contains("POST /api/v1/approvals/{id}/approve"), "{}", shown("api"));
        let sources = shown("sources");
        for preset in crate::source::presets() {
            assert!(sources.contains(&format!("The preset {preset}")), "{sources}");
        }
        assert_eq!(shown("map"), sources);
        assert_eq!(shown("alertmanager"), sources);
        assert_eq!(shown("generic"), shown("alerts"));
    }

    #[test]
    fn a_slip_is_answered_with_what_was_meant() {
        let (command, guide) = (Cli::command(), app::guide());
        assert!(unknown("chekc", &command, &guide).contains("did you mean `check`?"));
        assert!(unknown("agent.puase", &command, &guide).contains("did you mean `agent.pause`?"));
        assert!(unknown("kubernetes", &command, &guide).contains("`standdown help` lists them"));
    }
}
