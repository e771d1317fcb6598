//! The form encoding of shops before August 2024: `orderData[items][0][sku]=…` (contract, shop,
//! section 1), as PHP's `http_build_query` writes it and its `parse_str` reads it.

use serde_json::map::Entry;
use serde_json::{Map, Value};

use crate::decode::Invalid;

/// A key may have so many brackets. An order needs four; free data of the shop may be deeper.
pub const DEPTH_MAX: usize = 16;

/// Reads a form into a tree whose leaves are all strings. Keys that count from zero without a gap
/// make a list, all others a map. Of a key given twice the last value counts, as in PHP.
///
/// # Errors
/// [`Invalid`] with the key: its brackets do not match, it is too deep, or it is a value in one
/// place and a map in another.
pub fn parse(body: &[u8]) -> Result<Value, Invalid> {
    let mut root = Map::new();
    for (key, value) in form_urlencoded::parse(body) {
        let path = segments(&key)?;
        insert(&mut root, &path, value.into_owned())
            .ok_or_else(|| wrong(&key, "is a value in one place and a map in another"))?;
    }
    // The body itself is always a map, also where its keys are numbers.
    Ok(Value::Object(root.into_iter().map(|(key, value)| (key, with_lists(value))).collect()))
}

fn wrong(key: &str, problem: &str) -> Invalid {
    Invalid { field: key.to_owned(), problem: problem.to_owned() }
}

/// `a[b][0]` as `a`, `b`, `0`.
fn segments(key: &str) -> Result<Vec<&str>, Invalid> {
    let (root, mut rest) = key.split_at(key.find('[').unwrap_or(key.len()));
    let mut path = vec![root];
    while !rest.is_empty() {
        let inside = rest.strip_prefix('[').and_then(|inside| inside.split_once(']'));
        let (segment, after) =
            inside.ok_or_else(|| wrong(key, "its brackets do not match; write a[b][0]=value"))?;
        if path.len() > DEPTH_MAX {
            return Err(wrong(key, &format!("has more than {DEPTH_MAX} pairs of brackets")));
        }
        path.push(segment);
        rest = after;
    }
    Ok(path)
}

/// Puts a value at its path; `None` where something of another kind is in the way.
fn insert(map: &mut Map<String, Value>, path: &[&str], value: String) -> Option<()> {
    let (first, rest) = path.split_first()?;
    // `a[]` appends.
    let key = if first.is_empty() { map.len().to_string() } else { (*first).to_owned() };
    if rest.is_empty() {
        return match map.entry(key) {
            Entry::Occupied(taken) if taken.get().is_object() => None,
            Entry::Occupied(mut taken) => {
                taken.insert(Value::String(value));
                Some(())
            }
            Entry::Vacant(free) => {
                free.insert(Value::String(value));
                Some(())
            }
        };
    }
    let inner = map.entry(key).or_insert_with(|| Value::Object(Map::new()));
    insert(inner.as_object_mut()?, rest, value)
}

/// Turns maps whose keys are 0, 1, 2 … into lists, at every depth.
fn with_lists(value: Value) -> Value {
    let Value::Object(mut map) = value else {
        return value;
    };
    let count = map.len();
    let is_list = (0..count).all(|index| map.contains_key(&index.to_string()));
    if is_list {
        let elements = (0..count).filter_map(|index| map.remove(&index.to_string()));
        Value::Array(elements.map(with_lists).collect())
    } else {
        Value::Object(map.into_iter().map(|(key, value)| (key, with_lists(value))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: &str) -> Value {
        parse(body.as_bytes()).unwrap()
    }

    fn complaint(body: &str) -> String {
        parse(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn brackets_make_maps_and_lists() {
        assert_eq!(
            read("a=1&b%5Bc%5D=x+y&b[d]=%C3%BC"),
            json!({"a": "1", "b": {"c": "x y", "d": "ü"}})
        );
        assert_eq!(read("a[0][b]=1&a[1][b]=2"), json!({"a": [{"b": "1"}, {"b": "2"}]}));
        assert_eq!(read("a[]=1&a[]=2"), json!({"a": ["1", "2"]}));
        assert_eq!(read("a[1]=y&a[0]=x"), json!({"a": ["x", "y"]}));
    }

    #[test]
    fn a_list_with_gaps_stays_a_map() {
        assert_eq!(read("a[0]=x&a[7]=y"), json!({"a": {"0": "x", "7": "y"}}));
    }

    #[test]
    fn empty_values_stay_and_the_last_one_counts() {
        assert_eq!(read("a=&b"), json!({"a": "", "b": ""}));
        assert_eq!(read("a=1&a=2"), json!({"a": "2"}));
        assert_eq!(read(""), json!({}));
        assert_eq!(read("0=x"), json!({"0": "x"}), "the body itself is no list");
    }

    #[test]
    fn keys_that_say_nothing_are_refused() {
        insta::assert_snapshot!(complaint("a[b=1"), @"a[b: its brackets do not match; write a[b][0]=value");
        insta::assert_snapshot!(complaint("a[b]c=1"), @"a[b]c: its brackets do not match; write a[b][0]=value");
        insta::assert_snapshot!(complaint("a=1&a[b]=2"), @"a[b]: is a value in one place and a map in another");
        insta::assert_snapshot!(complaint("a[b]=2&a=1"), @"a: is a value in one place and a map in another");
        let deepest = format!("a{}=1", "[x]".repeat(DEPTH_MAX));
        assert!(parse(deepest.as_bytes()).is_ok());
        insta::assert_snapshot!(complaint(&format!("a{}=1", "[x]".repeat(DEPTH_MAX + 1))), @"a[x][x][x][x][x][x][x][x][x][x][x][x][x][x][x][x][x]: has more than 16 pairs of brackets");
    }
}
