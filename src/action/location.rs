//! Where a request goes: a path joined to a base URL, without ever leaving it.
//!
//! Parts of a path come from alerts and inventories. However they are written, the request must go to the connection's own
//! host and to the resource that the path names, because it carries the connection's credentials.

use url::Url;

/// The base URL with a path (and perhaps a query) behind its own path.
pub fn join(base: &Url, path: &str) -> Result<Url, String> {
    let (resource, _) = path.split_once('?').unwrap_or((path, ""));
    if !resource.starts_with('/') {
        return Err("a path must begin with a slash".to_owned());
    }
    let mut segments = resource.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let dots = segment.to_ascii_lowercase().replace("%2e", ".");
        if dots == "." || dots == ".." || (segment.is_empty() && segments.peek().is_some()) {
            return Err("a part of the path is empty, `.` or `..`; it would name another resource".to_owned());
        }
    }
    if path.contains(['\\', '#', '\t', '\r', '\n']) {
        return Err("the path has a character that would name another resource".to_owned());
    }
    let origin = base.origin().ascii_serialization();
    let text = format!("{origin}{}{path}", base.path().trim_end_matches('/'));
    let url = Url::parse(&text).map_err(|error| format!("the path makes no URL: {error}"))?;
    if url.origin() == base.origin() { Ok(url) } else { Err("the path leads to another host".to_owned()) }
}

/// Whether `url` lies below `base`: the same scheme, host and port, and the path of the base before its own.
pub fn is_below(base: &Url, url: &Url) -> bool {
    let prefix = base.path().trim_end_matches('/');
    let rest = url.path().strip_prefix(prefix);
    url.origin() == base.origin() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_its_base() {
        let base = Url::parse("https://idp.example:8443/realms/main/").unwrap();
        let url = join(&base, "/token/revocation?full=1").unwrap();
        assert_eq!(url.as_str(), "https://idp.example:8443/realms/main/token/revocation?full=1");
    }

    #[test]
    fn a_value_in_a_path_can_not_name_another_resource_or_host() {
        let base = Url::parse("https://idp.example").unwrap();
        for path in [
            "/users/../admins",
            "/users/%2E%2e/x",
            "/users/./x",
            "/users//sessions",
            "//evil.example/",
            "@evil.example/",
            "/a\\b",
            "/a#b",
            "/users/a\n",
        ] {
            assert!(join(&base, path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn an_absolute_url_is_below_only_with_the_same_origin_and_prefix() {
        let base = Url::parse("https://api.example/v1").unwrap();
        let below = |text: &str| is_below(&base, &Url::parse(text).unwrap());
        assert!(below("https://api.example/v1/users") && below("https://api.example/v1"));
        assert!(
            !below("https://api.example/v10")
                && !below("https://api.example.evil/v1")
                && !below("http://api.example/v1")
        );
    }
}
