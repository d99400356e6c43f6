//! A request of a connector: its method, path, headers and content, with templates.

use serde_json::{Map, Value};

use super::compile::Faults;
use super::fields::{Fields, compile_tree};
use super::raw::RawRequest;
use super::values::Scope;
use crate::action::connection::Connection;
use crate::action::exchange::{Content, Message};
use crate::action::location;
use crate::action::parameters::scalar_text;
use crate::client::is_secret_value;
use crate::language::{Escape, Template, Tree};

/// A request, compiled.
#[derive(Debug)]
pub struct RequestTemplate {
    /// The method in capitals.
    pub method: &'static str,
    path: Template,
    query: Fields,
    headers: Fields,
    bearer: Option<Template>,
    content: ContentTemplate,
}

#[derive(Debug)]
enum ContentTemplate {
    None,
    Object(Fields),
    Json(Tree),
    Form(Fields),
}

impl RequestTemplate {
    /// Compiles the request at a pointer.
    pub fn compile(raw: &RawRequest, pointer: &str, scope: &Scope, faults: &mut Faults<'_>) -> Option<Self> {
        let methods = [
            ("GET", "get", &raw.get),
            ("POST", "post", &raw.post),
            ("PUT", "put", &raw.put),
            ("PATCH", "patch", &raw.patch),
            ("DELETE", "delete", &raw.delete),
        ];
        let mut given = methods.into_iter().filter_map(|(method, key, path)| Some((method, key, path.as_deref()?)));
        let (Some((method, key, path)), None) = (given.next(), given.next()) else {
            faults.at(pointer, "a request has exactly one of `get`, `post`, `put`, `patch` and `delete`");
            return None;
        };
        let path = path_template(path, &format!("{pointer}/{key}"), scope, faults);
        let query = Fields::compile(&raw.query, &format!("{pointer}/query"), scope, faults);
        let headers = Fields::compile(&raw.headers, &format!("{pointer}/headers"), scope, faults);
        let bearer = raw.bearer.as_deref().map(|text| {
            let compiled = Template::compile(text, &scope.environment, Escape::None);
            faults.all(&format!("{pointer}/bearer"), compiled)
        });
        let content = content(raw, pointer, scope, faults);
        Some(Self { method, path: path?, query, headers, bearer: bearer.flatten(), content: content? })
    }

    /// A request that reads a path.
    pub fn get(path: &str, pointer: &str, scope: &Scope, faults: &mut Faults<'_>) -> Option<Self> {
        Some(Self {
            method: "GET",
            path: path_template(path, pointer, scope, faults)?,
            query: Fields::default(),
            headers: Fields::default(),
            bearer: None,
            content: ContentTemplate::None,
        })
    }

    /// Whether it shows a credential of its own.
    pub const fn has_bearer(&self) -> bool {
        self.bearer.is_some()
    }

    /// The message for these values. `authenticate` says whether the connection's credentials go along.
    pub fn render(&self, connection: &Connection, variables: &Value, authenticate: bool) -> Result<Message, String> {
        let base = connection.base_url.as_ref().ok_or("the connection has no base URL")?;
        let path = self.path.render_text(variables).map_err(|error| format!("the path: {error}"))?;
        let mut url = location::join(base, &path)?;
        for (name, value) in self.query.render(variables)? {
            let text =
                scalar_text(&value).ok_or_else(|| format!("the query value `{name}` is neither text nor a number"))?;
            url.query_pairs_mut().append_pair(&name, &text);
        }
        let bearer = self.bearer.as_ref().map(|bearer| bearer.render(variables)).transpose();
        Ok(Message {
            method: self.method.to_owned(),
            url,
            headers: self.headers.render(variables)?.into_iter().collect(),
            bearer: bearer.map_err(|error| format!("`bearer`: {error}"))?,
            content: self.content.render(variables)?,
            authenticate,
            key: None,
        })
    }
}

impl ContentTemplate {
    fn render(&self, variables: &Value) -> Result<Option<Content>, String> {
        Ok(match self {
            Self::None => None,
            Self::Object(fields) => Some(Content::Json(Value::Object(fields.render(variables)?))),
            Self::Json(tree) => {
                Some(Content::Json(tree.render(variables).map_err(|error| format!("`json`: {error}"))?))
            }
            Self::Form(fields) => Some(Content::Form(form(fields.render(variables)?)?)),
        })
    }
}

fn form(fields: Map<String, Value>) -> Result<Vec<(String, Value)>, String> {
    let sendable = |value: &Value| scalar_text(value).is_some() || is_secret_value(value).is_some();
    match fields.iter().find(|(_, value)| !sendable(value)) {
        Some((name, _)) => Err(format!("the form field `{name}` is neither text nor a number")),
        None => Ok(fields.into_iter().collect()),
    }
}

/// A path: text that begins with a slash, or exactly one setting of the connection.
fn path_template(path: &str, pointer: &str, scope: &Scope, faults: &mut Faults<'_>) -> Option<Template> {
    let setting = path.strip_prefix("{{connection.").and_then(|rest| rest.strip_suffix("}}"));
    let whole = setting.is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    if !path.starts_with('/') && !whole {
        faults.at(pointer, "a path begins with a slash, or is one setting of the connection");
        return None;
    }
    // The slashes of a setting are meant; those of a parameter are not.
    let escape = if whole { Escape::None } else { Escape::Url };
    faults.all(pointer, Template::compile(path, &scope.environment, escape))
}

fn content(raw: &RawRequest, pointer: &str, scope: &Scope, faults: &mut Faults<'_>) -> Option<ContentTemplate> {
    match (&raw.json, &raw.form) {
        (None, None) => Some(ContentTemplate::None),
        (Some(Value::Object(entries)), None) => {
            Some(ContentTemplate::Object(Fields::compile(entries, &format!("{pointer}/json"), scope, faults)))
        }
        (Some(json), None) => {
            compile_tree(json, &format!("{pointer}/json"), &scope.environment, faults).map(ContentTemplate::Json)
        }
        (None, Some(form)) => {
            Some(ContentTemplate::Form(Fields::compile(form, &format!("{pointer}/form"), scope, faults)))
        }
        (Some(_), Some(_)) => {
            faults.at(pointer, "a request has `json` or `form`, not both");
            None
        }
    }
}
