//! The routes as people are told of them; a test compares them with those that are served.

/// One way to ask the daemon for something.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The method of HTTP.
    pub method: &'static str,
    /// The path below `/api/v1`, with names for what varies.
    pub path: &'static str,
    /// What it is for.
    pub line: &'static str,
}

const fn route(method: &'static str, path: &'static str, line: &'static str) -> Route {
    Route { method, path, line }
}

/// Every route of the API, in the order in which it is served.
pub const ROUTES: &[Route] = &[
    route("GET", "/status", "how the daemon is: what waits, what is frozen, what is wrong"),
    route("GET", "/alerts", "the newest alerts"),
    route("GET", "/incidents", "the newest incidents"),
    route("GET", "/incidents/{id}", "one incident with its history"),
    route("POST", "/incidents/{id}/close", "closes an incident; takes a `reason`"),
    route("GET", "/runs", "the newest runs"),
    route("POST", "/runs", "starts a playbook by hand; takes `playbook`, `agent` and `reason`"),
    route("GET", "/runs/{id}", "one run with its steps and its timeline"),
    route("GET", "/runs/{id}/evidence", "what was kept of the agent"),
    route("POST", "/runs/{id}/cancel", "ends a run; takes a `reason`"),
    route("POST", "/runs/{id}/resolve", "says what became of a step that nobody else can judge"),
    route("POST", "/runs/{id}/release", "lets a quarantined run go on; takes a `reason`"),
    route("GET", "/approvals", "the newest requests; `pending=true` for those that wait"),
    route("GET", "/approvals/{id}", "one request with exactly what would be done"),
    route("GET", "/approvals/{id}/bundle", "the requests that one is decided with"),
    route("POST", "/approvals/{id}/approve", "votes yes; `If-Match` names the plan, the body has the `reason`"),
    route("POST", "/approvals/{id}/reject", "votes no, likewise"),
    route("POST", "/approvals/{id}/escalate", "asks more people, without deciding"),
    route("GET", "/agents", "every agent with what it may do now"),
    route("GET", "/agents/{id}", "one agent with its holds"),
    route("POST", "/agents/{id}/pause", "places a hold by hand; takes a `reason`"),
    route("POST", "/agents/{id}/retire", "retires an agent; takes a `reason`"),
    route("POST", "/agents/{id}/resume", "lifts holds; takes a `reason`"),
    route("POST", "/freeze", "stops every call to the outside; takes a `reason`"),
    route("POST", "/thaw", "lets calls be made again; takes a `reason`"),
    route("GET", "/playbooks", "the playbooks that serve"),
    route("POST", "/playbooks/reload", "loads the playbooks again, whole or not at all"),
    route("GET", "/playbooks/history", "how they changed"),
    route("GET", "/dead-letters", "deliveries that could not be read"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_routes_that_people_are_told_of_are_those_that_are_served() {
        let mut served = Vec::new();
        for line in include_str!("mod.rs").split(".route(\"").skip(1) {
            let (path, rest) = line.split_once('"').unwrap();
            let handlers = rest.split_once(".route(").map_or(rest, |(own, _)| own).lines().next().unwrap();
            for (method, call) in [("GET", "get("), ("POST", "post(")] {
                if handlers.contains(call) {
                    served.push((method, path));
                }
            }
        }
        let told: Vec<_> = ROUTES.iter().map(|route| (route.method, route.path)).collect();
        assert_eq!(told, served);
    }
}
