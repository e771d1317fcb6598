//! What every test has: the demo, and a browser.

pub mod axe;
pub mod browser;
pub mod demo;
pub mod keyboard;
pub mod money;
pub mod process;
pub mod screen;
pub mod steps;

pub use browser::{Browser, Setup};
pub use demo::Demo;
pub use money::OWED;
