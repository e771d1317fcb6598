//! The form of an old shop's initialize call.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::form;
use protocol::order::InitializePaymentRequest;
use serde_json::Value;

/// Below the body itself; the innermost is the value.
fn depth(tree: &Value) -> usize {
    match tree {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fuzz_target!(|body: &[u8]| {
    let Ok(tree) = form::parse(body) else { return };
    assert!(tree.is_object());
    assert!(depth(&tree) <= 1 + form::DEPTH_MAX, "deeper than allowed");
    if let Ok(request) = protocol::from_value::<InitializePaymentRequest>(tree) {
        // What it means is either said or complained about, with the field.
        if let Err(invalid) = app::checkout::read(request) {
            assert!(!invalid.field.is_empty());
        }
    }
});
