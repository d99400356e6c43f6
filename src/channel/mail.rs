//! A message as a mail: plain text and HTML side by side (RFC 2046), marked as written by a machine (RFC 3834).
//!
//! Only rendering happens here. It must not know the server that the mail goes to.

use super::message::Message;
use lettre::Message as Mail;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use std::fmt::Write as _;
use std::time::SystemTime;

/// The mail for `message` to `to`. The same message always has the same `Message-ID`.
///
/// # Errors
/// A sentence that says why the message cannot be a mail.
pub(super) fn render(message: &Message, from: &Mailbox, to: Mailbox) -> Result<Mail, String> {
    // One line: a line break from an alert's text must not begin another header.
    let subject: String = message.subject.chars().map(|each| if each.is_control() { ' ' } else { each }).collect();
    let builder = Mail::builder()
        .from(from.clone())
        .to(to)
        .subject(subject)
        .date(SystemTime::from(message.at))
        .message_id(Some(message_id(&message.id, from.email.domain())))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
    match &message.html {
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(message.text.clone(), html.clone())),
        None => builder.singlepart(SinglePart::plain(message.text.clone())),
    }
    .map_err(|error| format!("the mail cannot be written: {error}"))
}

/// `<id@domain>` (RFC 5322, section 3.6.4), with what may not stand in it written as its hexadecimal code.
fn message_id(id: &str, domain: &str) -> String {
    let mut local = String::with_capacity(id.len());
    for character in id.chars() {
        if character.is_ascii_alphanumeric() || character == '-' || character == '_' {
            local.push(character);
        } else {
            // Writing to a String cannot fail.
            write!(local, "+{:x}+", u32::from(character)).ok();
        }
    }
    format!("<{local}@{domain}>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Address;

    fn rendered(subject: &str, html: Option<&str>) -> String {
        let message = Message {
            id: "apv_1/mail".to_owned(),
            to: Address::Email("ana@example.com".to_owned()),
            subject: subject.to_owned(),
            text: "Please decide.".to_owned(),
            html: html.map(str::to_owned),
            at: "2026-11-23T06:00:00Z".parse().unwrap(),
        };
        let from = "Standdown <standdown@example.com>".parse().unwrap();
        let mail = render(&message, &from, "ana@example.com".parse().unwrap()).unwrap();
        String::from_utf8(mail.formatted()).unwrap()
    }

    #[test]
    fn a_mail_has_a_stable_identity_and_says_that_a_machine_wrote_it() {
        let mail = rendered("Approve", None);
        assert!(mail.contains("Message-ID: <apv_1+2f+mail@example.com>\r\n"), "{mail}");
        assert!(mail.contains("Auto-Submitted: auto-generated\r\n"), "{mail}");
        assert!(mail.contains("Date: Mon, 23 Nov 2026 06:00:00 +0000\r\n"), "{mail}");
        assert_eq!(mail, rendered("Approve", None));
    }

    #[test]
    fn html_stands_beside_the_text_never_instead_of_it() {
        let mail = rendered("Approve", Some("<p>Please decide.</p>"));
        assert!(mail.contains("multipart/alternative"), "{mail}");
        let (text, html) = (mail.find("text/plain").unwrap(), mail.find("text/html").unwrap());
        assert!(text < html, "a reader shows the last form that it can: {mail}");
    }

    #[test]
    fn a_subject_cannot_add_a_header() {
        let mail = rendered("Hello\r\nBcc: eve@example.com", None);
        assert!(!mail.contains("\r\nBcc:"), "{mail}");
        assert!(mail.contains("Subject: Hello  Bcc: eve@example.com\r\n"), "{mail}");
    }
}
