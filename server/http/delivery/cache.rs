//! What was made of shared programs lately: made once for all its readers, in bounded memory.
//!
//! A version of a snippet never changes, but it can be deleted, expire, or be followed by a newer one. So what is here
//! counts for [`FRESH`] without a question to the store, and after that for as long as the store says the same of the
//! snippet. Whatever this server itself does to a snippet ends what is kept of it at once.

use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard};

use crate::snippets::{Reference, Snippet, SnippetId, Timestamp};

/// How long nobody asks the store whether a snippet is still as it was.
const FRESH: Duration = Duration::from_secs(1);
/// What an entry takes besides its bodies, in bytes, about.
const ENTRY_BYTES: usize = 1 << 10;
/// Bodies shorter than this are not compressed.
const COMPRESSED_BYTES: usize = 1 << 10;

/// One thing that is made of a snippet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Its page.
    Page,
    /// All of it in JSON.
    Snippet,
    /// Its recording in JSON.
    Output,
    /// Its picture.
    Card,
    /// Its title.
    Title,
    /// The text of one of its files, or of its program.
    Raw(Option<String>),
    /// Its program as a file to keep.
    Download,
}

/// What an entry is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// As the address names it.
    pub reference: Reference,
    /// What is made of it.
    pub form: Form,
    /// Where the reader found this server, if that stands in what is made.
    pub base: String,
}

/// What was made of a snippet.
#[derive(Clone, Debug)]
pub struct Made {
    /// The answer's body.
    pub body: Vec<u8>,
    /// Its type.
    pub content_type: &'static str,
    /// The name of the file that it is to be kept as.
    pub file: Option<String>,
}

/// What is kept of it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The answer's body.
    pub body: Bytes,
    /// The same, compressed, where that is shorter.
    pub gzip: Option<Bytes>,
    /// Its type.
    pub content_type: &'static str,
    /// The name of the file that it is to be kept as.
    pub file: Option<String>,
    stamp: Stamp,
    /// When the store last said so.
    at: Instant,
}

/// What can change about a version of a snippet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    version: u32,
    latest: u32,
    expires_at: Option<Timestamp>,
}

impl Stamp {
    fn of(snippet: &Snippet) -> Self {
        Self { version: snippet.version, latest: snippet.latest, expires_at: snippet.expires_at }
    }
}

impl Kept {
    /// What is kept of what was `made` of `snippet`. Compresses it, which takes a while.
    pub fn new(made: Made, snippet: &Snippet) -> Self {
        let Made { body, content_type, file } = made;
        let is_text = !content_type.starts_with("image/");
        let gzip = if is_text && body.len() >= COMPRESSED_BYTES { compressed(&body) } else { None };
        let gzip = gzip.filter(|gzip| gzip.len() < body.len()).map(Bytes::from);
        Self { body: body.into(), gzip, content_type, file, stamp: Stamp::of(snippet), at: Instant::now() }
    }

    /// Whether it is still what `snippet` is.
    pub fn is_of(&self, snippet: &Snippet) -> bool {
        self.stamp == Stamp::of(snippet)
    }

    /// The same, as the store has said now.
    pub fn renewed(&self) -> Self {
        Self { at: Instant::now(), ..self.clone() }
    }

    /// Whether it counts without a question to the store.
    pub fn is_fresh(&self) -> bool {
        self.at.elapsed() < FRESH && self.stamp.expires_at.is_none_or(|at| at > Timestamp::now())
    }

    fn bytes(&self) -> usize {
        self.body.len() + self.gzip.as_ref().map_or(0, Bytes::len)
    }
}

fn compressed(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).ok()?;
    let mut gzip = encoder.finish().ok()?;
    gzip.shrink_to_fit();
    Some(gzip)
}

/// The place of one entry. Whoever holds it makes the entry, and others wait for that.
pub struct Place(AsyncMutex<Option<Arc<Kept>>>);

impl Place {
    /// What is there, for whoever has waited for their turn.
    pub async fn turn(&self) -> AsyncMutexGuard<'_, Option<Arc<Kept>>> {
        self.0.lock().await
    }
}

/// Entries, of which those that were used least lately go first.
pub struct Cache {
    limit: usize,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_key: HashMap<Key, Entry>,
    /// Keys in the order in which they were last used.
    by_use: BTreeMap<u64, Key>,
    uses: u64,
    bytes: usize,
}

struct Entry {
    place: Arc<Place>,
    bytes: usize,
    used: u64,
}

impl Cache {
    /// A cache of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, entries: Mutex::default() }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Nothing that runs under this lock can panic half-way.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of this key's entry.
    pub fn place(&self, key: &Key) -> Arc<Place> {
        let mut entries = self.entries();
        let bytes = entries.by_key.get(key).map_or(ENTRY_BYTES + key.base.len(), |entry| entry.bytes);
        let place = entries.by_key.get(key).map(|entry| entry.place.clone());
        let place = place.unwrap_or_else(|| Arc::new(Place(AsyncMutex::new(None))));
        entries.put(key, place.clone(), bytes);
        entries.shrink(self.limit);
        place
    }

    /// Counts what has been put into this place, if it is still this key's.
    pub fn filled(&self, key: &Key, place: &Arc<Place>, kept: &Kept) {
        let mut entries = self.entries();
        if entries.by_key.get(key).is_some_and(|entry| Arc::ptr_eq(&entry.place, place)) {
            entries.put(key, place.clone(), ENTRY_BYTES + key.base.len() + kept.bytes());
            entries.shrink(self.limit);
        }
    }

    /// Forgets all that was made of a snippet.
    pub fn forget(&self, id: &SnippetId) {
        let mut entries = self.entries();
        let keys: Vec<Key> = entries.by_key.keys().filter(|key| key.reference.id == *id).cloned().collect();
        for key in keys {
            entries.remove(&key);
        }
    }

    /// Forgets this place, where nothing could be made.
    pub fn failed(&self, key: &Key, place: &Arc<Place>) {
        let mut entries = self.entries();
        if entries.by_key.get(key).is_some_and(|entry| Arc::ptr_eq(&entry.place, place)) {
            entries.remove(key);
        }
    }
}

impl Entries {
    fn put(&mut self, key: &Key, place: Arc<Place>, bytes: usize) {
        self.remove(key);
        self.uses += 1;
        self.bytes += bytes;
        self.by_use.insert(self.uses, key.clone());
        self.by_key.insert(key.clone(), Entry { place, bytes, used: self.uses });
    }

    fn remove(&mut self, key: &Key) {
        if let Some(Entry { bytes, used, .. }) = self.by_key.remove(key) {
            self.bytes -= bytes;
            self.by_use.remove(&used);
        }
    }

    fn shrink(&mut self, limit: usize) {
        while self.bytes > limit
            && let Some((_, key)) = self.by_use.pop_first()
        {
            if let Some(entry) = self.by_key.remove(&key) {
                self.bytes -= entry.bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snippets::{Content, DeletionToken};

    fn snippet() -> Snippet {
        let now = Timestamp::now();
        Snippet {
            id: SnippetId::random(),
            version: 1,
            latest: 1,
            parent: None,
            created_at: now,
            revised_at: now,
            opened_at: now,
            expires_at: None,
            token_hash: DeletionToken::random().expect("random").hash(),
            content: Content { source: Some("1".to_owned()), ..Content::default() },
            output: None,
        }
    }

    fn key(snippet: &Snippet, form: Form) -> Key {
        Key { reference: Reference { id: snippet.id.clone(), version: None }, form, base: String::new() }
    }

    fn made(bytes: usize) -> Made {
        Made { body: vec![b'x'; bytes], content_type: "image/png", file: None }
    }

    async fn fill(cache: &Cache, key: &Key, snippet: &Snippet, bytes: usize) {
        let place = cache.place(key);
        let kept = Arc::new(Kept::new(made(bytes), snippet));
        *place.turn().await = Some(kept.clone());
        cache.filled(key, &place, &kept);
    }

    async fn has(cache: &Cache, key: &Key) -> bool {
        let is_known = cache.entries().by_key.contains_key(key);
        is_known && cache.place(key).turn().await.is_some()
    }

    #[actix_web::test]
    async fn what_was_used_least_lately_goes_first() {
        let cache = Cache::new(30_000);
        let snippets: Vec<Snippet> = (0..4).map(|_| snippet()).collect();
        let keys: Vec<Key> = snippets.iter().map(|snippet| key(snippet, Form::Page)).collect();
        for at in 0..3 {
            fill(&cache, &keys[at], &snippets[at], 8_000).await;
        }
        assert!(has(&cache, &keys[0]).await, "it is used again");
        fill(&cache, &keys[3], &snippets[3], 8_000).await;
        assert!(!has(&cache, &keys[1]).await);
        for at in [0, 2, 3] {
            assert!(has(&cache, &keys[at]).await, "{at}");
        }
        fill(&cache, &keys[1], &snippets[1], 40_000).await;
        assert!(!has(&cache, &keys[1]).await, "what is longer than all of it is not kept");
        assert!(cache.entries().bytes <= 30_000);
    }

    #[actix_web::test]
    async fn no_number_of_entries_takes_more_than_the_limit() {
        let cache = Cache::new(100_000);
        let snippet = snippet();
        for at in 0..1_000 {
            let key = Key { base: format!("https://{at}.example"), ..key(&snippet, Form::Page) };
            drop(cache.place(&key));
            assert!(cache.entries().bytes <= 100_000);
        }
        let entries = cache.entries();
        assert_eq!(entries.by_key.len(), entries.by_use.len());
        assert!(entries.by_key.len() < 100, "those that are being made count as well");
    }

    #[actix_web::test]
    async fn a_changed_snippet_is_forgotten_in_all_forms() {
        let cache = Cache::new(100_000);
        let (one, other) = (snippet(), snippet());
        for form in [Form::Page, Form::Output, Form::Raw(None)] {
            fill(&cache, &key(&one, form.clone()), &one, 100).await;
            fill(&cache, &key(&other, form), &other, 100).await;
        }
        let late = cache.place(&key(&one, Form::Page));
        cache.forget(&one.id);
        for form in [Form::Page, Form::Output, Form::Raw(None)] {
            assert!(!has(&cache, &key(&one, form.clone())).await);
            assert!(has(&cache, &key(&other, form)).await);
        }
        // Whoever was at it does not bring it back.
        let kept = Kept::new(made(100), &one);
        cache.filled(&key(&one, Form::Page), &late, &kept);
        assert!(!has(&cache, &key(&one, Form::Page)).await);
    }

    #[test]
    fn texts_are_compressed_where_it_helps() {
        let kept = |content_type, body: Vec<u8>| {
            Kept::new(Made { body, content_type, file: None }, &snippet()).gzip.map(|gzip| gzip.len())
        };
        assert!(kept("text/html", vec![b'x'; 10_000]).is_some_and(|bytes| bytes < 200));
        assert_eq!(kept("image/png", vec![b'x'; 10_000]), None);
        assert_eq!(kept("text/html", vec![b'x'; 100]), None);
    }

    #[test]
    fn what_is_kept_counts_until_the_snippet_changes() {
        let snippet = snippet();
        let kept = Kept::new(made(1), &snippet);
        assert!(kept.is_fresh() && kept.is_of(&snippet));
        assert!(!kept.is_of(&Snippet { latest: 2, ..snippet.clone() }));
        let past = Snippet { expires_at: Some(Timestamp::from_millis(1)), ..snippet };
        assert!(!kept.is_of(&past) && !Kept::new(made(1), &past).is_fresh());
    }
}
