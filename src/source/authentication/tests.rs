use super::headers::required;
use super::scheme::{Encoding, SCHEMES};
use crate::source::codes;
use proptest::prelude::*;

#[test]
fn schemes_stand_in_order_and_name_headers_in_lower_case() {
    assert!(SCHEMES.is_sorted_by(|left, right| left.name < right.name));
    for scheme in &SCHEMES {
        assert_eq!(scheme.header, scheme.header.to_ascii_lowercase(), "{}", scheme.name);
    }
}

#[test]
fn a_header_is_read_once_in_any_case_and_refused_twice() {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(required(&[header("Webhook-Id", " a ")], "webhook-id"), Ok("a"));
    assert_eq!(required(&[], "webhook-id").unwrap_err().code, codes::NO_CREDENTIALS);
    let twice = [header("webhook-id", "a"), header("webhook-id", "a")];
    assert!(required(&twice, "webhook-id").unwrap_err().reason.contains("more than once"));
}

#[test]
fn only_whole_pairs_of_hexadecimal_digits_are_a_signature() {
    assert_eq!(Encoding::Hexadecimal.decode("0aFF"), Some(vec![10, 255]));
    for text in ["0", "0g", "+a", "0aé", "é0"] {
        assert_eq!(Encoding::Hexadecimal.decode(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_decoding_of_a_signature_fail_badly(text in "\\PC{0,40}") {
        let decoded = Encoding::Hexadecimal.decode(&text);
        prop_assert!(decoded.is_none_or(|bytes| bytes.len() * 2 == text.len()));
        let decoded = Encoding::Base64.decode(&text);
        prop_assert!(decoded.is_none_or(|bytes| bytes.len() <= text.len()));
    }
}
