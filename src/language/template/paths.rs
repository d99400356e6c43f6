//! The path of a value: `agent.id`, `this.name` and `@index`.
//!
//! A bare name always means a variable of the place or of an `as |name|`, never a field of the item of a loop: an
//! item is data that somebody sent, and must not be able to stand in for a variable.

/// A path, with the text it was written as.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    pub(super) text: String,
    pub(super) root: Root,
    /// The fields after the root.
    pub(super) fields: Vec<String>,
}

/// Where a path starts.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Root {
    /// A variable of the place, or one that a loop named.
    Name(String),
    /// The item of the innermost loop.
    This,
    /// `@index`, `@key`, `@first` or `@last` of the innermost loop.
    Local(String),
}

/// The names after `@` that loops give.
const LOCALS: [&str; 4] = ["index", "key", "first", "last"];

impl Path {
    /// Reads a path, or says why it is refused.
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        if text.contains("..") {
            return Err("`../` is refused; name the item of a loop with `as |item|` and write variables in full");
        }
        if text.contains('/') {
            return Err("write a dot between the names of a path");
        }
        if let Some(local) = text.strip_prefix('@') {
            let known = LOCALS.contains(&local);
            let root = known.then(|| Root::Local(local.to_owned()));
            let root = root.ok_or("of the names with `@` only @index, @key, @first and @last are known")?;
            return Ok(Self { text: text.to_owned(), root, fields: Vec::new() });
        }
        let mut segments = segments(text)?.into_iter();
        let root = match segments.next() {
            None => return Err("the path is empty"),
            Some(first) if first == "this" && !text.starts_with('[') => Root::This,
            Some(first) => Root::Name(first),
        };
        let fields: Vec<String> = segments.collect();
        if fields.iter().any(|field| field == "this") {
            return Err("`this` stands at the start of a path only");
        }
        Ok(Self { text: text.to_owned(), root, fields })
    }
}

/// The names of a path; `[...]` holds one that has dots or spaces in it.
fn segments(text: &str) -> Result<Vec<String>, &'static str> {
    let mut names = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = match rest.strip_prefix('[') {
            Some(inside) => inside.split_once(']').ok_or("this `[` is never closed")?,
            None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        if name.is_empty() {
            return Err("a name is missing in the path");
        }
        names.push(name.to_owned());
        rest = match after.strip_prefix('.') {
            Some("") => return Err("a name is missing in the path"),
            Some(after) => after,
            None if after.is_empty() => after,
            None => return Err("write a dot between the names of a path"),
        };
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_a_root_and_fields() {
        let path = Path::read("agent.[x y.z].id").unwrap();
        assert_eq!(path.root, Root::Name("agent".into()));
        assert_eq!(path.fields, ["x y.z", "id"]);
        assert_eq!(Path::read("this.a").unwrap().root, Root::This);
        assert_eq!(Path::read("@index").unwrap().root, Root::Local("index".into()));
    }

    #[test]
    fn a_path_that_climbs_or_is_torn_is_refused() {
        for text in ["../a", "a/b", "@root.a", "@root", "a..b", "a.", "", "a.this", "[a", "[a]b"] {
            assert!(Path::read(text).is_err(), "{text}");
        }
    }
}
