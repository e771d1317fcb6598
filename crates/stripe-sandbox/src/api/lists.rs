//! List objects: newest first, paged by the ids at the edges.

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::params::Params;

/// The page size where none is asked for, and the largest one.
const LIMIT_DEFAULT: usize = 10;
/// The largest page.
const LIMIT_MAX: i64 = 100;

/// The bounds of a `created` filter, in seconds.
#[derive(Debug)]
pub(crate) struct Created {
    from: i64,
    to: i64,
}

impl Created {
    pub(crate) fn includes(&self, second: i64) -> bool {
        (self.from..=self.to).contains(&second)
    }

    /// `created=1` or any of `created[gt|gte|lt|lte]=1`.
    fn read(params: &mut Params) -> Result<Self, ApiError> {
        let mut bounds = Self { from: i64::MIN, to: i64::MAX };
        if let Some(second) = params.peek_integer("created") {
            params.accept(&["created"]);
            return Ok(Self { from: second, to: second });
        }
        if let Some(mut range) = params.nested("created")? {
            if let Some(second) = range.integer("gt")? {
                bounds.from = second.saturating_add(1);
            }
            if let Some(second) = range.integer("gte")? {
                bounds.from = bounds.from.max(second);
            }
            if let Some(second) = range.integer("lt")? {
                bounds.to = second.saturating_sub(1);
            }
            if let Some(second) = range.integer("lte")? {
                bounds.to = bounds.to.min(second);
            }
            range.finish()?;
        }
        Ok(bounds)
    }
}

/// Which part of a list is wanted.
#[derive(Debug)]
pub(crate) struct Page {
    limit: usize,
    starting_after: Option<String>,
    ending_before: Option<String>,
    pub(crate) created: Created,
}

impl Page {
    pub(crate) fn read(params: &mut Params) -> Result<Self, ApiError> {
        let limit = match params.integer("limit")? {
            None => LIMIT_DEFAULT,
            Some(limit) if (1..=LIMIT_MAX).contains(&limit) => {
                usize::try_from(limit).unwrap_or(LIMIT_DEFAULT)
            }
            Some(limit) => {
                return Err(ApiError::invalid(format!(
                    "The limit must be between 1 and {LIMIT_MAX}, not {limit}."
                ))
                .code("parameter_invalid_integer")
                .param("limit"));
            }
        };
        let starting_after = params.filled("starting_after")?;
        let ending_before = params.filled("ending_before")?;
        if starting_after.is_some() && ending_before.is_some() {
            return Err(ApiError::invalid(
                "Give either starting_after or ending_before, not both.",
            )
            .param("ending_before"));
        }
        Ok(Self { limit, starting_after, ending_before, created: Created::read(params)? })
    }

    /// Cuts the page out of rows that come newest first.
    pub(crate) fn cut<'a, T: 'a>(
        &self,
        url: &str,
        rows: impl Iterator<Item = &'a T>,
        id: impl Fn(&T) -> &str,
        render: impl Fn(&T) -> Value,
    ) -> Result<Value, ApiError> {
        let rows: Vec<&T> = rows.collect();
        let position = |cursor: &String, param: &str| {
            rows.iter()
                .position(|row| id(row) == cursor)
                .ok_or_else(|| ApiError::no_such("object", cursor, param))
        };
        let (from, to, has_more) = if let Some(cursor) = &self.ending_before {
            let end = position(cursor, "ending_before")?;
            let start = end.saturating_sub(self.limit);
            (start, end, start > 0)
        } else {
            let start = match &self.starting_after {
                Some(cursor) => position(cursor, "starting_after")? + 1,
                None => 0,
            };
            let end = rows.len().min(start + self.limit);
            (start, end, end < rows.len())
        };
        let data: Vec<Value> = rows[from..to].iter().map(|row| render(row)).collect();
        Ok(json!({ "object": "list", "url": url, "has_more": has_more, "data": data }))
    }
}
