//! What of this the fuzzers run: what snippets are, without the stores that keep them. Their library has this file in
//! the place of `mod.rs`.

#[path = "content.rs"]
pub mod content;
#[path = "id.rs"]
pub mod id;
#[path = "plausible.rs"]
mod plausible;
#[path = "recording.rs"]
pub mod recording;

pub use content::{Content, NewSnippet};
pub use id::Reference;
pub use recording::Recording;
