//! The pages: one file a page, with its routes' handlers.

mod apps;
mod assets;
mod checkout;
mod dials;
mod fields;
mod guard;
mod live;
mod merchant;
mod merchants;
mod messages;
mod order;
mod orders;
mod pay;
mod storefront;
mod view;
mod visit;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::shop::Shop;

/// No form of the shop is longer.
const BODY_BYTES_MAX: usize = 64 * 1024;

pub(crate) fn router(shop: Shop) -> Router {
    Router::new()
        .route("/", get(storefront::show))
        .route("/cart", get(storefront::cart))
        .route("/cart/add", post(storefront::add))
        .route("/cart/set", post(storefront::set))
        .route("/cart/currency", post(storefront::currency))
        .route("/checkout", get(checkout::show).post(checkout::place))
        .route("/pay/{reference}", get(pay::framed).post(pay::again))
        .route("/order-success", get(pay::success))
        .route("/order-cancel", get(pay::cancel))
        .route("/orders", get(orders::show))
        .route("/orders/trigger", post(orders::trigger))
        .route("/orders/{reference}", get(order::show))
        .route("/orders/{reference}/{action}", post(order::act))
        .route("/merchants", get(merchants::show))
        .route("/merchants/{reference}", get(merchant::show))
        .route("/merchants/{reference}/onboard", post(merchant::onboard))
        .route("/merchants/{reference}/back/{how}", get(merchant::back))
        .route("/apps", get(apps::show))
        .route("/apps/configure", post(apps::configure))
        .route("/apps/disconnect", post(apps::disconnect))
        .route("/messages", get(messages::show))
        .route("/dials/{name}", post(dials::turn))
        .route("/live", get(live::wait))
        .route("/static/{file}", get(assets::file))
        .route("/pictures/{file}", get(assets::picture))
        .route("/favicon.ico", get(assets::icon))
        .fallback(visit::not_found)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(shop.clone(), guard::guard))
        .with_state(shop)
}
