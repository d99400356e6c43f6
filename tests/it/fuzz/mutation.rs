//! Damage: what fingers, editors, merges and attackers do to a text.

/// What is put in: the language's own words at wrong places, and what parsers stumble over.
const WORDS: &[&str] = &[
    "playbook",
    "match",
    "when",
    "stages",
    "stage",
    "steps",
    "step",
    "action",
    "approval",
    "with",
    "hold",
    "retry",
    "verify",
    "timeout",
    "on_timeout",
    "releases",
    "approvers",
    "budget",
    "mode",
    "on_failure",
    "wait",
    "impact",
    "irreversible",
    "agent.pause",
    "undo",
    "notify",
    "http.call",
    "oauth.revoke_token",
    "process.freeze",
    "sequential",
    "enforce",
    "escalate",
    "owner",
    "user:ana",
    "10m",
    "0s",
    "31d",
    "-1",
    "1e400",
    "99999999999999999999",
    "0x1F",
    ".inf",
    "~",
    "null",
    "true",
    "no",
    "on",
    "[]",
    "{}",
    "[[",
    "}}",
    "{{",
    "{{{",
    "{{/if}}",
    "{{#if",
    "{{#each x as |y|}}",
    "{{agent.credentials.idp}}",
    "{{alert.title}}",
    "{{steps.pause.output}}",
    "$secret",
    "'",
    "\"",
    "|-",
    ">-",
    "&a",
    "*a",
    "<<",
    "!!str",
    "!x",
    "---",
    "...",
    "#",
    ": ",
    "- ",
    "? ",
    "\t",
    "\r\n",
    "\u{feff}",
    "\u{0}",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{202e}",
    "é",
    "\u{1F512}",
    "\\",
    "alert.severity >= HIGH",
    "&& ",
    "|| ",
    "!",
    "(",
    ")",
    "((((",
    "in ['a']",
    ".exists(x, x)",
    ".matches('(')",
    "has(",
    "?.",
    ".?x",
    "now",
    "steps.pause.decision",
    "'\\u0000'",
    "1/0",
    "%",
    "size(",
    "duration('1h')",
    "hour(now, 'x')",
];

pub struct Mutator<'c> {
    state: u64,
    corpus: &'c [String],
}

impl<'c> Mutator<'c> {
    pub fn new(seed: u64, corpus: &'c [String]) -> Self {
        Self { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1, corpus }
    }

    /// The next damaged text.
    pub fn next(&mut self) -> String {
        let mut text: Vec<char> = self.pick().chars().collect();
        for _ in 0..=self.below(5) {
            self.damage(&mut text);
        }
        text.truncate(20_000);
        text.into_iter().collect()
    }

    fn pick(&mut self) -> &'c str {
        let index = self.below(self.corpus.len());
        &self.corpus[index]
    }

    /// A number below a bound (xorshift64*; Vigna 2016).
    fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let random = self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(random).unwrap() % bound.max(1)
    }

    fn damage(&mut self, text: &mut Vec<char>) {
        let at = self.below(text.len() + 1);
        let end = (at + 1 + self.below(24)).min(text.len());
        match self.below(10) {
            0 => drop(text.drain(at..end)),
            1 => {
                let copied: Vec<char> = text[at..end].to_vec();
                let to = self.below(text.len() + 1);
                text.splice(to..to, copied);
            }
            2 | 3 => self.insert(text, at, at),
            4 => self.insert(text, at, end),
            5 => self.word(text, at),
            6 => self.line(text),
            7 => {
                let other: Vec<char> = self.pick().chars().collect();
                let from = self.below(other.len() + 1);
                let many = self.below(200);
                text.splice(at..end, other.into_iter().skip(from).take(many));
            }
            8 => {
                let repeated: Vec<char> =
                    text[at..end].iter().copied().cycle().take((end - at) * self.below(200)).collect();
                text.splice(at..at, repeated);
            }
            _ => {
                if let Some(slot) = text.get_mut(at) {
                    *slot = char::from(u8::try_from(32 + self.below(95)).unwrap());
                }
            }
        }
    }

    fn insert(&mut self, text: &mut Vec<char>, at: usize, end: usize) {
        let word = WORDS[self.below(WORDS.len())];
        text.splice(at..end, word.chars());
    }

    /// Puts another word in the place of a whole one.
    fn word(&mut self, text: &mut Vec<char>, at: usize) {
        let part = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let start = text[..at].iter().rposition(|c| !part(c)).map_or(0, |index| index + 1);
        let end = text[at..].iter().position(|c| !part(c)).map_or(text.len(), |index| at + index);
        self.insert(text, start, end);
    }

    /// Removes, doubles, moves or indents a line.
    fn line(&mut self, text: &mut Vec<char>) {
        let whole: String = text.iter().collect();
        let mut lines: Vec<String> = whole.split('\n').map(str::to_owned).collect();
        let index = self.below(lines.len());
        let other = self.below(lines.len());
        match self.below(5) {
            0 => drop(lines.remove(index)),
            1 => lines.insert(other, lines[index].clone()),
            2 => lines.swap(index, other),
            3 => lines[index].insert_str(0, "  "),
            _ => {
                let dedented = lines[index].strip_prefix("  ").unwrap_or(&lines[index]).to_owned();
                lines[index] = dedented;
            }
        }
        *text = lines.join("\n").chars().collect();
    }
}
