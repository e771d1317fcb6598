//! `expand[]`: objects in the place of their ids.

use serde_json::Value;

use crate::desk::Desk;
use crate::error::ApiError;

/// Stripe's limit on how deep an expansion reaches.
const DEPTH_MAX: usize = 4;

/// How many expansions one call may ask for.
const PATHS_MAX: usize = 20;

/// The fields that hold an id of an object known here.
const EXPANDABLE: &[&str] = &[
    "balance_transaction",
    "charge",
    "customer",
    "destination",
    "destination_payment",
    "failure_balance_transaction",
    "latest_charge",
    "payment_intent",
    "payment_method",
    "source",
    "source_transaction",
    "source_transfer",
    "transfer",
];

/// Expands an answer along each path, such as `latest_charge.balance_transaction` or `data.customer`.
pub(crate) fn expand(
    mut answer: Value,
    paths: &[String],
    desk: &Desk<'_>,
) -> Result<Value, ApiError> {
    if paths.len() > PATHS_MAX {
        return Err(ApiError::invalid(format!(
            "At most {PATHS_MAX} expansions are possible in one request."
        ))
        .param("expand"));
    }
    for path in paths {
        let steps: Vec<&str> = path.split('.').collect();
        if steps.len() > DEPTH_MAX {
            return Err(ApiError::invalid(format!(
                "You cannot expand more than {DEPTH_MAX} levels: {path}"
            ))
            .param("expand"));
        }
        let root = answer.get("object").and_then(Value::as_str) == Some("list");
        let is_list_path = steps.first() == Some(&"data");
        if root != is_list_path {
            return Err(cannot_expand(path));
        }
        expand_path(&mut answer, &steps, path, desk)?;
    }
    Ok(answer)
}

fn expand_path(
    value: &mut Value,
    steps: &[&str],
    path: &str,
    desk: &Desk<'_>,
) -> Result<(), ApiError> {
    let Some((step, rest)) = steps.split_first() else {
        return Ok(());
    };
    let field = value.get_mut(*step).ok_or_else(|| cannot_expand(path))?;
    match field {
        Value::Array(items) => {
            items.iter_mut().try_for_each(|item| expand_path(item, rest, path, desk))
        }
        Value::Null => Ok(()),
        Value::Object(_) => expand_path(field, rest, path, desk),
        Value::String(id) => {
            let object = desk
                .show(id)
                .filter(|_| EXPANDABLE.contains(step))
                .ok_or_else(|| cannot_expand(path))?;
            *field = object;
            expand_path(field, rest, path, desk)
        }
        Value::Bool(_) | Value::Number(_) => Err(cannot_expand(path)),
    }
}

fn cannot_expand(path: &str) -> ApiError {
    ApiError::invalid(format!("This property cannot be expanded ({path}).")).param("expand")
}
