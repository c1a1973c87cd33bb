//! The snippets' stores and what they need.
#![allow(dead_code, unused_imports)]

#[path = "server/limits.rs"]
pub mod limits;
#[path = "server/protocol"]
pub mod protocol {
    pub mod bounds;
    pub mod parse;
    pub mod browser;
    pub mod value;
}
#[path = "server/snippets/mod.rs"]
pub mod snippets;
