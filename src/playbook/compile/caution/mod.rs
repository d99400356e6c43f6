//! Warnings: what is legal in a playbook and still dangerous, or can't be meant.
//!
//! They are looked for only in a playbook without errors, because they judge the whole of it. Each says what will not
//! happen that people would count on; none of them can be about taste. What depends on the configuration (whom a message
//! reaches, which agents there are) is not known here.

mod conditions;
mod conduct;
mod haste;
mod patience;

use crate::playbook::Playbook;

use super::outline::Outline;
use super::report::Report;

/// Looks for everything that a person should look at.
pub(super) fn look(report: &mut Report, outline: &Outline, playbook: &Playbook) {
    conduct::look(report, outline, playbook);
    conditions::look(report, outline, playbook);
    patience::look(report, outline, playbook);
    haste::look(report, outline, playbook);
}
