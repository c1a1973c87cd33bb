//! What V8 has made of modules when Mayfly was built (`build/code_caches.rs`). Here it is bytes: the runner knows V8.

use std::collections::BTreeMap;

static BYTES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/code_caches.bin"));
static INDEX: &str = include_str!(concat!(env!("OUT_DIR"), "/code_caches.json"));

/// By the hash of a module's text, where its part is and how long.
pub struct Compiled(BTreeMap<String, (usize, usize)>);

impl Compiled {
    /// All of it.
    pub fn load() -> Self {
        Self(serde_json::from_str(INDEX).unwrap_or_default())
    }

    /// What there is of the text with this hash.
    pub fn of(&self, sha256: &str) -> Option<&'static [u8]> {
        let (start, length) = self.0.get(sha256)?;
        BYTES.get(*start..start.checked_add(*length)?)
    }
}
