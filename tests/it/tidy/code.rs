//! Rust text with everything that is not code blanked out, so that the rules can look for words and braces.
//!
//! It is no parser: it knows comments, strings, characters and `#[cfg(test)]`, and keeps every line and column in place.

/// The text with comments, strings and character literals replaced by spaces; line breaks stay.
pub fn only_code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = end_of_literal(&chars, at);
        if end == at {
            code.push(chars[at]);
            at += 1;
        } else {
            code.extend(chars[at..end].iter().map(|&char| if char == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

/// Where the comment or literal that begins at `at` ends; `at` itself when none begins there.
fn end_of_literal(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied();
    match chars[at] {
        '/' if next == Some('/') => find(chars, at, |rest| rest[0] == '\n'),
        '/' if next == Some('*') => end_of_block_comment(chars, at),
        '"' => end_of_quoted(chars, at + 1, '"'),
        'r' if !follows_a_word(chars, at) => end_of_raw_string(chars, at),
        // A lifetime is a quote without a second one: 'a, as against 'a' and '\n'.
        '\'' if next == Some('\\') || chars.get(at + 2) == Some(&'\'') => end_of_quoted(chars, at + 1, '\''),
        _ => at,
    }
}

fn end_of_block_comment(chars: &[char], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at.min(chars.len())
}

fn end_of_quoted(chars: &[char], mut at: usize, quote: char) -> usize {
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// `r"..."` and `r#"..."#`; `r` alone is a letter, and `r#type` a name.
fn end_of_raw_string(chars: &[char], start: usize) -> usize {
    let hashes = chars[start + 1..].iter().take_while(|&&char| char == '#').count();
    let open = start + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return start;
    }
    let mut close = vec!['"'];
    close.resize(hashes + 1, '#');
    (find(chars, open + 1, |rest| rest.starts_with(&close)) + close.len()).min(chars.len())
}

fn find(chars: &[char], from: usize, wanted: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len()).find(|&at| wanted(&chars[at..])).unwrap_or(chars.len())
}

/// In `for"x"` the r belongs to a word; in `br"x"` it does not begin the literal's prefix but is part of it.
fn follows_a_word(chars: &[char], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map(|index| chars[index]);
    let word = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
    let prefix = matches!(before(1), Some('b' | 'c')) && !word(before(2));
    word(before(1)) && !prefix
}

/// The code with every item under `#[cfg(test)]` blanked out. Takes what `only_code` gave.
pub fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut rest = code;
    let mut kept = String::with_capacity(code.len());
    while let Some(start) = rest.find(MARK) {
        let end = start + end_of_item(&rest[start..]);
        kept.push_str(&rest[..start]);
        kept.extend(rest[start..end].chars().map(|char| if char == '\n' { '\n' } else { ' ' }));
        rest = &rest[end..];
    }
    kept + rest
}

/// An item ends with its body, or with a semicolon when it has none.
pub fn end_of_item(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, char) in item.char_indices() {
        match char {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

#[test]
fn comments_strings_and_characters_are_no_code() {
    let text =
        "a(); // crate::x\n/* b /* nested */ c */ d(\"e \\\" f\", 'g', '\\'', r#\"h \" i\"#, br\"j\");\nfn k<'l>() {}";
    let code = only_code(text);
    assert_eq!(
        code.split_whitespace().collect::<Vec<_>>(),
        ["a();", "d(", ",", ",", ",", ",", "b", ");", "fn", "k<'l>()", "{}"]
    );
    assert_eq!(code.lines().count(), text.lines().count());
    assert_eq!(code.chars().count(), text.chars().count());
}

#[test]
fn an_unfinished_literal_ends_with_the_text() {
    for text in ["\"a", "r#\"a", "/* a", "'\\", "r", "a // b"] {
        assert_eq!(only_code(text).chars().count(), text.chars().count(), "{text}");
    }
}

#[test]
fn what_is_only_for_tests_is_left_out() {
    let code = "use a;\n#[cfg(test)]\nmod tests {\n  fn b() { c }\n}\nfn d() {}\n#[cfg(test)]\nmod tests;\nfn e() {}";
    let kept = without_tests(code);
    assert_eq!(kept.split_whitespace().collect::<Vec<_>>(), ["use", "a;", "fn", "d()", "{}", "fn", "e()", "{}"]);
    assert_eq!(kept.lines().count(), code.lines().count());
}
