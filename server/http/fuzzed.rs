//! What of this the fuzzers run: what is made of data alone, without actix. Their library has this file in the place of
//! `mod.rs`.

#[path = "bounded.rs"]
mod bounded;
#[path = "card.rs"]
mod card;
#[path = "markup.rs"]
pub mod markup;
#[path = "rendering.rs"]
pub mod rendering;
