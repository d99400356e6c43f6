//! Bad decisions: by the pages of a link and through the API. The wrong people, codes, plans and moments change nothing.

mod api;
mod links;

/// The plan's hash of a request as the API shows it.
fn plan_of(request: &serde_json::Value) -> String {
    request["plan"]["hash"].as_str().unwrap().to_owned()
}
