use super::*;
use crate::source::RefusalKind;
use proptest::prelude::*;
use serde_json::json;

fn code(body: &[u8]) -> &'static str {
    let refusal = decode(body).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::NotDecodable);
    refusal.code
}

#[test]
fn each_way_of_being_ambiguous_has_its_own_code() {
    for (body, expected) in [
        (&b""[..], codes::EMPTY_BODY),
        (b" \r\n\t", codes::EMPTY_BODY),
        (b"\xef\xbb\xbf{}", codes::NOT_UTF8),
        (b"\xff\xfe{\0}\0", codes::NOT_UTF8),
        (b"{\0}\0", codes::NOT_UTF8),
        (b"\0{\0}", codes::NOT_UTF8),
        (b"{\"a\":\"\xff\"}", codes::NOT_UTF8),
        (b"{\"a\":\"\xc0\xaf\"}", codes::NOT_UTF8),
        (b"{\"a\":1,\"a\":1}", codes::DUPLICATE_KEY),
        (b"[{\"b\":{\"a\":1,\"\\u0061\":2}}]", codes::DUPLICATE_KEY),
        (b"{\"a\":NaN}", codes::NOT_JSON),
        (b"{\"a\":-Infinity}", codes::NOT_JSON),
        (b"{\"a\":01}", codes::NOT_JSON),
        (b"{\"a\":1,}", codes::NOT_JSON),
        (b"[1,]", codes::NOT_JSON),
        (b"{a:1}", codes::NOT_JSON),
        (b"{'a':1}", codes::NOT_JSON),
        (b"{} {}", codes::NOT_JSON),
        (b"{\"a\":\"\\ud83e\"}", codes::NOT_JSON),
        (b"{\"a\":\"\x01\"}", codes::NOT_JSON),
        (b"{\"a\":\"x", codes::NOT_JSON),
        (b"{\"a\":\"x\\\"}", codes::NOT_JSON),
        (b"{\"a\"", codes::NOT_JSON),
        (b"{", codes::NOT_JSON),
        (b"// no\n{}", codes::NOT_JSON),
        (b"null", codes::NOT_AN_OBJECT),
        (b"\"alert\"", codes::NOT_AN_OBJECT),
        (b"7", codes::NOT_AN_OBJECT),
    ] {
        assert_eq!(code(body), expected, "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn nesting_is_read_to_128_levels_and_refused_beyond_without_exhausting_the_stack() {
    let nested = |levels: usize| [vec![b'['; levels], vec![b']'; levels]].concat();
    assert!(decode(&nested(128)).is_ok());
    assert_eq!(code(&nested(129)), codes::TOO_DEEP);
    assert_eq!(code(&nested(1_000_000)), codes::TOO_DEEP);
    assert_eq!(code("{\"a\":".repeat(200_000).as_bytes()), codes::TOO_DEEP);
}

#[test]
fn a_fault_names_its_line_and_column() {
    let refusal = decode("{\n  \"é\": 1,\n  \"é\": 2\n}".as_bytes()).unwrap_err();
    assert!(refusal.reason.contains("line 3, column 3"), "{}", refusal.reason);
}

#[test]
fn texts_keep_every_escape_and_control_character() {
    let value = decode(br#" {"a\u0000b":"\u001b[31m \ud83e\udd16 \\ \" \/","n":[true,false,null,-1.5]} "#).unwrap();
    assert_eq!(value, json!({"a\0b": "\u{1b}[31m \u{1f916} \\ \" /", "n": [true, false, null, -1.5]}));
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused(body in proptest::collection::vec(any::<u8>(), 0..512)) {
        if let Err(refusal) = decode(&body) {
            prop_assert_eq!(refusal.kind, RefusalKind::NotDecodable);
        }
    }

    #[test]
    fn text_like_json_is_read_as_the_common_parser_reads_it(body in "[\\[\\]{}:,\" \\\\a0-2.eE+u\\-n-]{0,24}") {
        let common: Result<Value, _> = serde_json::from_str(&body);
        match decode(body.as_bytes()) {
            // Duplicate keys and great numbers are where the two differ on purpose.
            Ok(value) => prop_assert!(common.is_ok() || value.to_string().contains('e') || value.to_string().contains('E')),
            Err(refusal) if refusal.code == codes::NOT_JSON => prop_assert!(common.is_err(), "{}", body),
            Err(_) => {}
        }
    }
}
