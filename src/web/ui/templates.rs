//! The templates of the pages, compiled once at the start, and the one way from a typed view to HTML.

use handlebars::Handlebars;
use serde::Serialize;

/// The style sheet, part of every page; the policy names it by its digest.
pub(super) const STYLE: &str = include_str!("templates/style.css");

/// Where the layout takes the style sheet in.
const STYLE_MARK: &str = "/*style*/";

const TEMPLATES: [(&str, &str); 12] = [
    ("request", include_str!("templates/request.hbs")),
    ("answers", include_str!("templates/answers.hbs")),
    ("facts", include_str!("templates/facts.hbs")),
    ("steps", include_str!("templates/steps.hbs")),
    ("people", include_str!("templates/people.hbs")),
    ("together", include_str!("templates/together.hbs")),
    ("plan", include_str!("templates/plan.hbs")),
    ("form", include_str!("templates/form.hbs")),
    ("outcome", include_str!("templates/outcome.hbs")),
    ("message", include_str!("templates/message.hbs")),
    ("docs", include_str!("templates/docs.hbs")),
    ("words", include_str!("templates/words.hbs")),
];

/// A template of our own is broken.
#[derive(Debug, thiserror::Error)]
#[error("failed to render the page {page}: {reason}; this is a fault of the build, not of the configuration")]
pub(super) struct TemplateFault {
    page: &'static str,
    reason: String,
}

/// The compiled templates.
pub(super) struct Templates(Handlebars<'static>);

impl Templates {
    /// The templates of the build. One that is broken, which a test rules out, is logged and answers with an error.
    pub fn compile() -> Self {
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        let layout = include_str!("templates/layout.hbs").replace(STYLE_MARK, STYLE);
        for (page, text) in TEMPLATES.into_iter().chain([("layout", layout.as_str())]) {
            if let Err(error) = registry.register_template_string(page, text) {
                tracing::error!(page, %error, "a page of the build is broken");
            }
        }
        Self(registry)
    }

    /// A view as HTML.
    pub fn render(&self, page: &'static str, view: &impl Serialize) -> Result<String, TemplateFault> {
        self.0.render(page, view).map_err(|error| TemplateFault { page, reason: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_of_the_build_compiles_and_none_lets_markup_through() {
        let templates = Templates::compile();
        assert_eq!(templates.0.get_templates().len(), TEMPLATES.len() + 1);
        for (page, text) in TEMPLATES {
            assert!(!text.contains("{{{") && !text.contains("{{&"), "{page}");
        }
    }
}
