//! From the text of a link to its token. Unknown, mistyped and revoked tokens are the same from outside.

use std::net::IpAddr;

use crate::domain::LinkToken;
use crate::store::{Approvals as _, ReadError, Token};

use super::Approvals;

/// A link that is good.
pub(super) struct Link {
    pub token: LinkToken,
    pub row: Token,
}

/// Why there is no such link.
pub(super) enum NoLink {
    Unknown,
    TooMany,
    Read(ReadError),
}

impl Approvals {
    /// The token of a link. A mistyped one never reaches the database.
    pub(super) async fn link(&self, text: &str, address: IpAddr) -> Result<Link, NoLink> {
        if let Ok(token) = text.parse::<LinkToken>()
            && let Some(row) = self.engine.store().token(&token.digest()).await.map_err(NoLink::Read)?
            && !row.revoked
        {
            return Ok(Link { token, row });
        }
        Err(if self.guessed_too_often(address) { NoLink::TooMany } else { NoLink::Unknown })
    }
}
