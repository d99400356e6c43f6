//! Cells as parameters of PostgreSQL.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo};
use sqlx::{Encode, Postgres, Type};

use crate::store::write::cell::Cell;

impl Type<Postgres> for Cell {
    fn type_info() -> PgTypeInfo {
        <i64 as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Cell {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) => Encode::<Postgres>::encode(*number, buffer),
            Self::Text(text) => Encode::<Postgres>::encode(&*storable(text), buffer),
            Self::Id(id) => Encode::<Postgres>::encode(id.as_slice(), buffer),
            Self::Digest(digest) => Encode::<Postgres>::encode(digest.as_slice(), buffer),
            Self::Bytes(bytes) => Encode::<Postgres>::encode(&**bytes, buffer),
        }
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(match self {
            Self::Null | Self::Integer(_) => <i64 as Type<Postgres>>::type_info(),
            Self::Text(_) => <&str as Type<Postgres>>::type_info(),
            Self::Id(_) | Self::Digest(_) | Self::Bytes(_) => <&[u8] as Type<Postgres>>::type_info(),
        })
    }
}

/// PostgreSQL keeps no NUL in a text. It is kept as the sign for what can't be shown, the same way whenever it comes, so
/// that a text is found again by itself. (In JSON a NUL is escaped and stays.)
pub fn storable(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::storable;

    #[test]
    fn a_nul_becomes_the_sign_for_what_can_not_be_shown() {
        assert_eq!(storable("a\0b"), "a\u{fffd}b");
        assert_eq!(storable("plain"), "plain");
    }
}
