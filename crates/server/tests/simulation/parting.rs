//! Connecting the app for a shop, and parting from it in the middle of the day (rule R23).

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use crate::checks;
use crate::desk::Desk;
use crate::plan::Parting;

/// How often somebody presses the button again.
const TRIES_MAX: u32 = 20;

/// Configures the app for the shop. Returns whether it said yes.
pub async fn configure(desk: &Desk) -> bool {
    let (key, shared) = {
        let shop = desk.shop();
        (shop.plan.secret_key.clone(), shop.plan.shared_commands)
    };
    let configuration = json!({
        "businessModel": "direct", "environment": "test", "sharedCommandChannel": shared,
        "secretKey": key, "publishableKey": key.replace("sk_", "pk_"),
    });
    let body = json!({"data": {"type": "configuration", "attributes": {
        "configuration": configuration.to_string(),
    }}});
    let answer: Result<(StatusCode, Value), _> = desk.call("/private/configure", &body).await;
    let done = matches!(answer, Ok((StatusCode::OK, _)));
    desk.world.trace.note(&desk.tenant, format!("configures: {answer:?}"));
    desk.shop().connected |= done;
    done
}

/// Somebody disconnects the app, perhaps insisting, and perhaps connects it again.
pub async fn part(desk: Desk, plan: Parting) {
    tokio::time::sleep(Duration::from_secs(plan.after)).await;
    if !disconnect(&desk, plan.insists).await {
        return;
    }
    let Some(back_after) = plan.back_after else { return };
    tokio::time::sleep(Duration::from_secs(back_after)).await;
    for _ in 0..TRIES_MAX {
        if configure(&desk).await {
            return;
        }
        desk.world.chance.pause(1_000, 30_000).await;
    }
}

/// Disconnects, asking first whether everything is finished. Returns whether it is done.
async fn disconnect(desk: &Desk, insists: bool) -> bool {
    let (world, tenant) = (&desk.world, &desk.tenant);
    let mut insisting = false;
    let mut unanswered = false;
    for _ in 0..TRIES_MAX {
        let unfinished = checks::evidently_unfinished(world, &desk.shop());
        // From now on commands may fail because of it.
        desk.shop().connected = false;
        let answer = desk.disconnect(insisting).await;
        world.trace.note(tenant, format!("disconnects, insisting {insisting}: {answer:?}"));
        match answer {
            Ok((StatusCode::NO_CONTENT, _)) => {
                // One that was not answered may have been carried out.
                let unasked = !insisting && !unanswered;
                let still = checks::evidently_unfinished(world, &desk.shop());
                for what in unfinished.intersection(&still).filter(|_| unasked) {
                    world.violated(format!("{tenant}: disconnected unasked, but {what}"));
                }
                return true;
            }
            Ok((StatusCode::CONFLICT, _)) if insists => insisting = true,
            Ok((StatusCode::CONFLICT, _)) => {
                desk.shop().connected = true;
                return false;
            }
            Ok(_) | Err(_) => {
                unanswered = true;
                world.chance.pause(1_000, 20_000).await;
            }
        }
    }
    false
}
