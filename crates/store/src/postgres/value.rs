//! Single values as PostgreSQL writes and reads them. Numbers are as wide as their column.

use std::error::Error;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::database::Cell;

type Fault = Box<dyn Error + Sync + Send>;

impl ToSql for Cell<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) if *ty == Type::INT2 => i16::try_from(*number)?.to_sql(ty, out),
            Self::Integer(number) if *ty == Type::INT4 => i32::try_from(*number)?.to_sql(ty, out),
            Self::Integer(number) if *ty == Type::INT8 => number.to_sql(ty, out),
            Self::Text(text) if *ty == Type::TEXT => text.as_ref().to_sql(ty, out),
            Self::Bytes(bytes) if *ty == Type::BYTEA => bytes.as_ref().to_sql(ty, out),
            Self::Integer(_) | Self::Text(_) | Self::Bytes(_) => {
                Err(format!("{} does not go into a column of {ty}", self.kind()).into())
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Cell<'static> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Fault> {
        match *ty {
            Type::BOOL => Ok(Self::Integer(i64::from(bool::from_sql(ty, raw)?))),
            Type::INT2 => Ok(Self::Integer(i64::from(i16::from_sql(ty, raw)?))),
            Type::INT4 => Ok(Self::Integer(i64::from(i32::from_sql(ty, raw)?))),
            Type::INT8 => Ok(Self::Integer(i64::from_sql(ty, raw)?)),
            Type::TEXT => Ok(Self::Text(String::from_sql(ty, raw)?.into())),
            Type::BYTEA => Ok(Self::Bytes(raw.to_vec().into())),
            _ => Err(format!("a column of {ty} is not read").into()),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Fault> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
