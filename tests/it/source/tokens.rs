//! Bearer tokens: any one of those configured, and nothing else.

use super::{TOKEN, authorization, received, source};
use standdown::source::RefusalKind;

const OPTIONS: &str = "{preset: generic, auth: {bearer: [env:TOKEN, env:OLD_TOKEN]}}";

#[test]
fn either_token_is_taken_while_one_replaces_the_other() {
    let source = source(OPTIONS);
    let key = |token: &str| {
        let headers = authorization(&format!("bearer  {token}"));
        source.authenticate(&headers, b"", received()).map(|known| known.authentication.key_id)
    };
    let (new, old) = (key(TOKEN).unwrap().unwrap(), key("an-older-token").unwrap().unwrap());
    assert_ne!(new, old);
    assert!(new.starts_with("secret#") && !new.contains(TOKEN));
}

#[test]
fn everything_else_is_refused_without_repeating_it() {
    let source = source(OPTIONS);
    let twice = [authorization("Bearer an-older-token"), authorization("Bearer an-older-token")].concat();
    for (headers, code) in [
        (Vec::new(), "SD2101"),
        (twice, "SD2101"),
        (authorization(TOKEN), "SD2101"),
        (authorization("Basic an-older-token"), "SD2101"),
        (authorization("Bearer"), "SD2101"),
        (authorization("Bearer wr0ng"), "SD2102"),
        (authorization("Bearer an-older-toke"), "SD2102"),
        (authorization("Bearer an-older-token x"), "SD2102"),
        (vec![("x-authorization".to_owned(), format!("Bearer {TOKEN}"))], "SD2101"),
    ] {
        let refusal = source.authenticate(&headers, b"{}", received()).unwrap_err();
        assert_eq!((refusal.kind, refusal.code), (RefusalKind::Unauthenticated, code), "{headers:?}");
        assert!(!refusal.to_string().contains("wr0ng") && !refusal.to_string().contains(TOKEN), "{refusal}");
    }
}
