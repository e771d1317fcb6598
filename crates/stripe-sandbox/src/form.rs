//! Stripe's form encoding: `a[b][c]=1`, `list[]=x` and `list[0]=x`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// How deep brackets may nest; Stripe's own parameters stay below six.
const DEPTH_MAX: usize = 16;

/// How many fields one call may carry.
const FIELDS_MAX: usize = 2_000;

/// One value of a decoded form. Lists are maps whose keys are their positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    Text(String),
    Map(BTreeMap<String, Form>),
}

impl Form {
    /// The value as JSON, every leaf a string; used to show calls and to compare them.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), value.to_json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

/// Decodes a query or a body. The error is a sentence for the caller.
pub(crate) fn parse(encoded: &[u8]) -> Result<BTreeMap<String, Form>, String> {
    let mut root = BTreeMap::new();
    for (number, (name, value)) in url::form_urlencoded::parse(encoded).enumerate() {
        if number >= FIELDS_MAX {
            return Err(format!("More than {FIELDS_MAX} parameters in one request."));
        }
        let path = path_of(&name)?;
        insert(&mut root, &path, &name, value.into_owned())?;
    }
    Ok(root)
}

/// `a[b][]` becomes `["a", "b", ""]`.
fn path_of(name: &str) -> Result<Vec<&str>, String> {
    let Some(bracket) = name.find('[') else {
        return Ok(vec![name]);
    };
    let (head, mut rest) = name.split_at(bracket);
    let mut path = vec![head];
    while !rest.is_empty() {
        let inner = rest
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
            .ok_or_else(|| format!("Invalid parameter name: {name}"))?;
        path.push(inner.0);
        rest = inner.1;
    }
    if path.len() > DEPTH_MAX {
        return Err(format!("Parameter nested too deeply: {name}"));
    }
    Ok(path)
}

fn insert(
    entries: &mut BTreeMap<String, Form>,
    path: &[&str],
    name: &str,
    value: String,
) -> Result<(), String> {
    let Some((first, rest)) = path.split_first() else {
        return Ok(());
    };
    // An empty bracket appends to the list.
    let key = if first.is_empty() { entries.len().to_string() } else { (*first).to_owned() };
    if rest.is_empty() {
        entries.insert(key, Form::Text(value));
        return Ok(());
    }
    let child = entries.entry(key).or_insert_with(|| Form::Map(BTreeMap::new()));
    match child {
        Form::Map(children) => insert(children, rest, name, value),
        Form::Text(_) => Err(format!("Parameter given both as a value and as a hash: {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn brackets_become_a_tree() {
        let form = Form::Map(parse(b"a=1&b%5Bc%5D%5Bd%5D=x+y&l[]=p&l[]=q&m[1]=r").unwrap());
        assert_eq!(
            form.to_json(),
            json!({
                "a": "1",
                "b": { "c": { "d": "x y" } },
                "l": { "0": "p", "1": "q" },
                "m": { "1": "r" },
            })
        );
    }

    #[test]
    fn broken_names_are_refused() {
        assert!(parse(b"a[b=1").is_err());
        assert!(parse(b"a=1&a[b]=2").is_err());
        let deep = format!("a{}=1", "[b]".repeat(DEPTH_MAX));
        assert!(parse(deep.as_bytes()).is_err());
        let many = "a=1&".repeat(FIELDS_MAX + 1);
        assert!(parse(many.as_bytes()).is_err());
    }
}
