//! From the options of `auth` to the one authenticator, or every fault in them.

use super::Authenticator;
use super::key::Key;
use super::scheme::{self, SCHEMES, Scheme};
use super::signature::{TOLERANCE_DEFAULT, Verifier};
use super::token::Tokens;
use crate::client::{Secrets, parse_duration};
use crate::language::{Fault, suggest};
use crate::source::codes;
use crate::source::fault::Faults;
use crate::source::options::{AuthOptions, BasicOptions, HmacOptions, SecretList};
use jiff::SignedDuration;
use secrecy::SecretString;

/// The longest tolerance: beyond it a signature with a time protects no better than one without.
const TOLERANCE_MAX: SignedDuration = SignedDuration::from_hours(1);

/// The authenticator of these options; nothing if there was a fault.
pub(in crate::source) fn compile(
    options: &AuthOptions,
    secrets: &dyn Secrets,
    faults: &mut Faults,
) -> Option<Authenticator> {
    if !check(options, faults) {
        return None;
    }
    if let Some(list) = &options.bearer {
        let tokens = resolve(list, "/auth/bearer", secrets, faults)?;
        return Some(Authenticator::Token(Tokens::bearer(&tokens)));
    }
    if let Some(BasicOptions { user, passwords }) = &options.basic {
        let passwords = resolve(passwords, "/auth/basic/passwords", secrets, faults)?;
        return Some(Authenticator::Token(Tokens::basic(user, &passwords)));
    }
    let options = options.hmac.as_ref()?;
    let scheme = scheme::named(&options.preset)?;
    let secrets = resolve(&options.secrets, "/auth/hmac/secrets", secrets, faults)?;
    let mut keys = Vec::new();
    for (index, secret) in secrets.iter().enumerate() {
        match Key::new(scheme, secret) {
            Ok(key) => keys.push(key),
            Err(expected) => {
                let message = format!("secret {} does not have the form that `{}` needs", index + 1, scheme.name);
                faults.add("/auth/hmac/secrets", codes::SECRET_FORM, message, expected);
            }
        }
    }
    let complete = keys.len() == secrets.len();
    let tolerance = tolerance(options).ok()?;
    complete.then_some(Authenticator::Signature(Verifier { scheme, keys, tolerance }))
}

/// Checks what can be checked without the secrets; whether all is well.
pub(in crate::source) fn check(options: &AuthOptions, faults: &mut Faults) -> bool {
    let count = usize::from(options.bearer.is_some())
        + usize::from(options.basic.is_some())
        + usize::from(options.hmac.is_some());
    if count != 1 {
        let message = format!("a source has exactly one way to authenticate, and this one has {count}");
        let hint = "write one of `bearer`, `basic` and `hmac` under `auth`, such as `auth: {bearer: \"env:TOKEN\"}`";
        faults.add("/auth", codes::AUTHENTICATION, message, hint);
    }
    let mut well = count == 1;
    if let Some(list) = &options.bearer {
        well &= check_list(list, "/auth/bearer", faults);
    }
    if let Some(basic) = &options.basic {
        well &= check_list(&basic.passwords, "/auth/basic/passwords", faults);
        if basic.user.is_empty() || basic.user.contains(':') {
            let message = "a user name is not empty and has no colon";
            faults.add("/auth/basic/user", codes::BAD_VALUE, message, "choose another name (RFC 7617)");
            well = false;
        }
    }
    if let Some(hmac) = &options.hmac {
        well &= check_list(&hmac.secrets, "/auth/hmac/secrets", faults) & check_hmac(hmac, faults);
    }
    well
}

fn check_list(list: &SecretList, pointer: &str, faults: &mut Faults) -> bool {
    if list.is_empty() {
        faults.add(pointer, codes::AUTHENTICATION, "the list of secrets is empty", "name at least one, as env:NAME");
    }
    !list.is_empty()
}

fn check_hmac(options: &HmacOptions, faults: &mut Faults) -> bool {
    let known = scheme::named(&options.preset).is_some();
    if !known {
        let message = format!("no signature scheme is named `{}`", options.preset);
        let fault = Fault::new(codes::UNKNOWN_SCHEME, message, 0, options.preset.chars().count());
        let names: Vec<&str> = SCHEMES.iter().map(|Scheme { name, .. }| *name).collect();
        let fault = match suggest(&options.preset, names.iter().copied()) {
            Some(name) => fault.did_you_mean(Some(name)),
            None => fault.hint(format!("the schemes are {}", names.join(", "))),
        };
        faults.push("/auth/hmac/preset", fault);
    }
    let tolerance = tolerance(options);
    if let Err(message) = &tolerance {
        faults.add("/auth/hmac/tolerance", codes::BAD_VALUE, message.clone(), "write 1s to 1h, such as 5m");
    }
    known && tolerance.is_ok()
}

fn tolerance(options: &HmacOptions) -> Result<SignedDuration, String> {
    let Some(text) = &options.tolerance else { return Ok(TOLERANCE_DEFAULT) };
    let tolerance = SignedDuration::try_from(parse_duration(text)?).unwrap_or(SignedDuration::MAX);
    if tolerance < SignedDuration::from_secs(1) || tolerance > TOLERANCE_MAX {
        return Err(format!("the tolerance `{text}` is outside of 1s to 1h"));
    }
    Ok(tolerance)
}

fn resolve(list: &SecretList, pointer: &str, secrets: &dyn Secrets, faults: &mut Faults) -> Option<Vec<SecretString>> {
    let mut values = Vec::new();
    for reference in list.iter() {
        match secrets.resolve(reference) {
            Ok(value) => values.push(value),
            Err(error) => faults.add(pointer, codes::SECRET, error.to_string(), "the daemon needs it to start"),
        }
    }
    (values.len() == list.iter().count()).then_some(values)
}
