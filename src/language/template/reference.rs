//! The helpers and blocks of templates for people: one line and an example each.
//!
//! The tables of the helpers say what is taken; a test holds these lines against them, and compiles every example.

/// A helper or a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelperHelp {
    /// Its name.
    pub name: &'static str,
    /// One line: what it gives.
    pub help: &'static str,
    /// A template that uses it.
    pub example: &'static str,
}

/// The helpers and then the blocks.
pub const HELPERS: [HelperHelp; 10] = [
    HelperHelp {
        name: "default",
        help: "the value, or another where it is missing, null or empty",
        example: "{{default alert.fields.country \"unknown\"}}",
    },
    HelperHelp { name: "join", help: "the items of a list as one text", example: "{{join alert.resources \", \"}}" },
    HelperHelp { name: "upper", help: "the text in capital letters", example: "{{upper agent.name}}" },
    HelperHelp { name: "lower", help: "the text in small letters", example: "{{lower agent.name}}" },
    HelperHelp {
        name: "truncate",
        help: "at most so many characters of a text",
        example: "{{truncate alert.title 80}}",
    },
    HelperHelp { name: "json", help: "the value as JSON, also a list or an object", example: "{{json alert.labels}}" },
    HelperHelp {
        name: "eq",
        help: "whether two values are equal, for `if`",
        example: "{{#if (eq agent.tier \"autonomous\")}}alone{{/if}}",
    },
    HelperHelp {
        name: "if",
        help: "the text where the value is there and not empty, 0 or false; `else` for the others",
        example: "{{#if agent.known}}known{{else}}unknown{{/if}}",
    },
    HelperHelp {
        name: "unless",
        help: "the opposite of `if`",
        example: "{{#unless agent.known}}not in the inventory{{/unless}}",
    },
    HelperHelp {
        name: "each",
        help: "the text once for each item of a list",
        example: "{{#each alert.resources as |one|}}- {{one}} {{/each}}",
    },
];

#[cfg(test)]
mod tests {
    use super::super::helpers;
    use super::*;

    #[test]
    fn every_helper_that_is_taken_is_explained_and_no_other() {
        let taken: Vec<&str> = helpers::HELPERS.iter().map(|(name, ..)| *name).chain(helpers::BLOCKS).collect();
        assert_eq!(HELPERS.map(|help| help.name).to_vec(), taken);
        assert!(HELPERS.iter().all(|help| help.example.contains(help.name)));
    }
}
