//! The stable codes of the faults that this module reports, and one line of explanation for each.
//!
//! A code never changes its meaning and is never given away again, because people search for it and silence it. The
//! families are `SD00xx` for YAML, `SD01xx` for expressions and `SD02xx` for templates.

use crate::domain::Codes;

/// The text is not YAML.
pub const YAML_SYNTAX: &str = "SD0001";
/// The file is larger than is read.
pub const YAML_TOO_LARGE: &str = "SD0002";
/// Lists and mappings are nested too deeply.
pub const YAML_TOO_DEEP: &str = "SD0003";
/// Aliases multiply the text beyond what is read.
pub const YAML_ALIASES: &str = "SD0004";
/// A key stands twice in one mapping.
pub const YAML_DUPLICATE_KEY: &str = "SD0005";
/// A field that the language does not have.
pub const YAML_UNKNOWN_FIELD: &str = "SD0006";
/// A required field is missing.
pub const YAML_MISSING_FIELD: &str = "SD0007";
/// A value has the wrong type.
pub const YAML_WRONG_TYPE: &str = "SD0008";
/// A value is none of the allowed words.
pub const YAML_UNKNOWN_WORD: &str = "SD0009";
/// More than one document in a file.
pub const YAML_DOCUMENTS: &str = "SD0010";
/// A YAML feature that is refused: tags and merge keys.
pub const YAML_FEATURE: &str = "SD0011";

/// The text is not an expression.
pub const EXPRESSION_SYNTAX: &str = "SD0101";
/// The expression is too long, too deep or has too many operators.
pub const EXPRESSION_TOO_COMPLEX: &str = "SD0102";
/// A variable that does not exist here.
pub const EXPRESSION_UNKNOWN_VARIABLE: &str = "SD0103";
/// A field that the variable does not have.
pub const EXPRESSION_UNKNOWN_FIELD: &str = "SD0104";
/// A function that does not exist.
pub const EXPRESSION_UNKNOWN_FUNCTION: &str = "SD0105";
/// Types that do not go together.
pub const EXPRESSION_TYPE: &str = "SD0106";
/// A severity compared with something that is no severity.
pub const EXPRESSION_SEVERITY: &str = "SD0107";
/// A condition that is neither true nor false.
pub const EXPRESSION_NOT_BOOL: &str = "SD0108";
/// A secret used in an expression.
pub const EXPRESSION_SECRET: &str = "SD0109";
/// A function called with the wrong number of arguments.
pub const EXPRESSION_ARGUMENTS: &str = "SD0110";
/// A constant pattern, network, duration, time or zone that can't be read.
pub const EXPRESSION_LITERAL: &str = "SD0111";

/// The text is not a template.
pub const TEMPLATE_SYNTAX: &str = "SD0201";
/// The template is too long, too deep or has too many tags.
pub const TEMPLATE_TOO_COMPLEX: &str = "SD0202";
/// A construct of handlebars that is refused.
pub const TEMPLATE_REFUSED: &str = "SD0203";
/// A helper that does not exist.
pub const TEMPLATE_UNKNOWN_HELPER: &str = "SD0204";
/// A variable that does not exist here.
pub const TEMPLATE_UNKNOWN_VARIABLE: &str = "SD0205";
/// A field that the variable does not have.
pub const TEMPLATE_UNKNOWN_FIELD: &str = "SD0206";
/// A secret inside a longer string.
pub const TEMPLATE_SECRET: &str = "SD0207";
/// A list or an object where text is needed, or no list where one is needed.
pub const TEMPLATE_TYPE: &str = "SD0208";
/// A helper used with the wrong arguments.
pub const TEMPLATE_ARGUMENTS: &str = "SD0209";

const EXPLANATIONS: &[(&str, &str)] = &[
    (YAML_SYNTAX, "The text is not YAML: look at indentation, quotes and brackets at the place shown."),
    (YAML_TOO_LARGE, "The file is larger than 256 KiB: split it into several files."),
    (YAML_TOO_DEEP, "Lists and mappings are nested more than 32 levels deep."),
    (YAML_ALIASES, "Anchors and aliases would expand to more text than is read: write the values out."),
    (YAML_DUPLICATE_KEY, "A key stands twice in one mapping, so that one of the two would be lost."),
    (YAML_UNKNOWN_FIELD, "The language has no field of this name at this place."),
    (YAML_MISSING_FIELD, "A field that is required here is missing."),
    (YAML_WRONG_TYPE, "The value has another type than the field takes."),
    (YAML_UNKNOWN_WORD, "The field takes one of a fixed set of words, and this is none of them."),
    (YAML_DOCUMENTS, "A file holds one YAML document: `---` may not start a second one."),
    (YAML_FEATURE, "Tags (`!name`) and merge keys (`<<`) are refused, because they hide what a file says."),
    (EXPRESSION_SYNTAX, "The text is not an expression of CEL."),
    (EXPRESSION_TOO_COMPLEX, "An expression has at most 4 KiB, 256 operators and 32 levels of brackets."),
    (EXPRESSION_UNKNOWN_VARIABLE, "No variable of this name exists at this place."),
    (EXPRESSION_UNKNOWN_FIELD, "The value has no field of this name."),
    (EXPRESSION_UNKNOWN_FUNCTION, "No function of this name exists, or not on a value of this type."),
    (EXPRESSION_TYPE, "The operator or function does not take values of these types."),
    (EXPRESSION_SEVERITY, "A severity is compared with INFO, LOW, MEDIUM, HIGH or CRITICAL, written without quotes."),
    (EXPRESSION_NOT_BOOL, "A condition must be true or false."),
    (EXPRESSION_SECRET, "A secret is a reference until it is sent: an expression can't read it."),
    (EXPRESSION_ARGUMENTS, "The function is called with the wrong number of arguments."),
    (EXPRESSION_LITERAL, "A pattern, network, duration, time or zone written in the expression can't be read."),
    (TEMPLATE_SYNTAX, "The text is not a template of handlebars."),
    (TEMPLATE_TOO_COMPLEX, "A template has at most 64 KiB, 500 tags and 16 levels of blocks."),
    (TEMPLATE_REFUSED, "Partials, decorators, raw blocks, unescaped output and `../` are refused in templates."),
    (TEMPLATE_UNKNOWN_HELPER, "Helpers are: if, unless, each, default, join, upper, lower, truncate, json, eq."),
    (TEMPLATE_UNKNOWN_VARIABLE, "No variable of this name exists at this place."),
    (TEMPLATE_UNKNOWN_FIELD, "The value has no field of this name."),
    (TEMPLATE_SECRET, "A secret must be the whole value (`\"{{secret}}\"`), so that it stays a reference."),
    (TEMPLATE_TYPE, "Only text, numbers and booleans can stand inside a longer text, and only lists in `each`."),
    (TEMPLATE_ARGUMENTS, "The helper is used with the wrong arguments."),
];

/// The codes of this module, with their lines and their help.
pub const CODES: Codes = Codes::new(EXPLANATIONS, include_str!("codes.md"));
