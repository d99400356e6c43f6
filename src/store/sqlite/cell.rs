//! Cells as parameters of SQLite.

use std::sync::Arc;

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo};
use sqlx::{Encode, Sqlite, Type};

use crate::store::write::cell::Cell;

impl Type<Sqlite> for Cell {
    fn type_info() -> SqliteTypeInfo {
        <Vec<u8> as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for Cell {
    fn encode_by_ref(&self, arguments: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) => Encode::<Sqlite>::encode(*number, arguments),
            Self::Text(text) => Encode::<Sqlite>::encode(Arc::clone(text), arguments),
            Self::Id(id) => Encode::<Sqlite>::encode(id.as_slice(), arguments),
            Self::Digest(digest) => Encode::<Sqlite>::encode(digest.as_slice(), arguments),
            Self::Bytes(bytes) => Encode::<Sqlite>::encode(&**bytes, arguments),
        }
    }
}
