//! A request for a decision as its recipient has it: the mail with a link and a code, and the form behind the link.

use super::servers::Mail;

/// The link and the code of one mail.
#[derive(Debug, Clone)]
pub struct Request {
    /// The whole address.
    pub link: String,
    /// The part of it that follows `/a/`.
    pub token: String,
    /// The four digits that stand first in the subject.
    pub code: String,
}

impl Request {
    /// What tells a request from other mails.
    pub const MARK: &str = "/a/apr_";

    /// Reads the mail; fails the test unless there is exactly one link in the text, and a code at the head of the subject.
    pub fn of(mail: &Mail) -> Self {
        let links: Vec<&str> = mail.text.split_whitespace().filter(|word| word.contains("://")).collect();
        let [link] = links[..] else { panic!("one link and no more: {mail:#?}") };
        assert_eq!(mail.html.matches("href=").count(), 1, "{mail:#?}");
        let token = link.rsplit('/').next().unwrap().to_owned();
        let digits = mail.subject.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(digits, _)| digits);
        let code = digits.unwrap_or_else(|| panic!("no code at the head of the subject: {}", mail.subject)).to_owned();
        assert!(code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_digit()), "{}", mail.subject);
        assert!(!link.contains(&code), "the code must not stand in the link");
        Self { link: link.to_owned(), token, code }
    }

    /// The path of the page.
    pub fn path(&self) -> String {
        format!("/a/{}", self.token)
    }

    /// A code that is not this one's.
    pub fn wrong_code(&self) -> String {
        let other = self.code.parse::<u16>().unwrap() ^ 1;
        format!("{other:04}")
    }

    /// What the form of this page sends, with these words and this code.
    pub fn form(page: &str, choice: &str, reason: &str, code: &str) -> Vec<u8> {
        let plan = page.split_once("name=\"plan\" value=\"").and_then(|(_, rest)| rest.split_once('"'));
        let (plan, _) = plan.unwrap_or_else(|| panic!("the page has no form with a plan:\n{page}"));
        let list = page.split_once("name=\"list\" value=\"").and_then(|(_, rest)| rest.split_once('"'));
        let fields = [("act", "decide"), ("plan", plan), ("choice", choice), ("reason", reason), ("code", code)];
        let fields = fields.into_iter().chain(list.map(|(list, _)| ("list", list)));
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields).finish().into_bytes()
    }
}
