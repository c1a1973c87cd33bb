//! What may be done with snippets, by whom, and within what bounds.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::content::{self, LONGEST_LIFE, SHORTEST_LIFE, Wrong};
use super::{
    Bounds, Content, DeletionToken, Full, NewSnippet, Owner, Recording, Reference, Revision, Share, Snippet,
    SnippetId, Store, StoreError, Timestamp, Written, recording,
};

/// How long the store's size is taken for what it was.
const SIZE_AGE: Duration = Duration::from_secs(10);
/// How long after an opening the next one is noted: reading is not to be writing.
const NOTED_EVERY: Duration = Duration::from_secs(86_400);
/// How often room is made for one snippet before it is refused.
const EVICTIONS: u32 = 50;
/// How often somebody's change is tried who meets another at the same time.
const TRIES: u32 = 5;

/// The bounds of snippets.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Of a program.
    pub content: content::Bounds,
    /// Of recorded output.
    pub recording: recording::Bounds,
    /// How many versions one may have.
    pub versions: u32,
    /// How long any is kept, if not for ever.
    pub max_age: Option<Duration>,
    /// How long one is kept that nobody opens, if not for ever.
    pub unopened_age: Option<Duration>,
    /// How long after its last opening one may be deleted to make room, if at all.
    pub evict_after: Option<Duration>,
    /// How much one client may keep.
    pub client: Bounds,
    /// How many bytes all may take.
    pub store_bytes: u64,
}

/// How much of the store is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// How many bytes all snippets take, about.
    pub bytes: u64,
    /// How many they may take.
    pub limit: u64,
}

impl Fill {
    /// In percent.
    pub fn percent(self) -> u64 {
        let percent = u128::from(self.bytes) * 100 / u128::from(self.limit.max(1));
        u64::try_from(percent).unwrap_or(u64::MAX)
    }
}

/// What was deleted as its time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purged {
    /// Snippets that had expired.
    pub expired: u64,
    /// Snippets that nobody had opened for long.
    pub unopened: u64,
}

/// Why something was not done.
#[derive(Debug)]
pub enum Failure {
    /// There is no such snippet, or no such version of it.
    Missing,
    /// There was one, until then.
    Expired(Timestamp),
    /// The token is not that snippet's.
    Forbidden,
    /// It makes no sense.
    Invalid(String),
    /// It is over a bound.
    TooLarge(String),
    /// It can't be done to this snippet, as it is.
    Conflict(String),
    /// There is no room left in the client's share, that of its network, or the store.
    Full(Full),
    /// The store does not answer.
    Store(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Invalid(words) => Self::Invalid(words),
            Wrong::TooLarge(words) => Self::TooLarge(words),
        }
    }
}

/// A snippet that was just made.
pub struct Created {
    /// The snippet.
    pub snippet: Snippet,
    /// What its owner changes it with.
    pub token: DeletionToken,
}

/// A version that was just made.
pub struct Revised {
    /// The snippet in its new version.
    pub snippet: Snippet,
}

/// Snippets in their store.
pub struct Snippets {
    store: Arc<dyn Store>,
    rules: Rules,
    /// How many bytes the store was found to take, and what was added since.
    size: Mutex<Option<(Instant, u64)>>,
}

impl Snippets {
    /// Snippets in this `store`, held to these `rules`.
    pub fn new(store: Arc<dyn Store>, rules: Rules) -> Self {
        Self { store, rules, size: Mutex::new(None) }
    }

    /// Keeps what `owner` shares. `engine` is what runs programs now.
    ///
    /// # Errors
    /// When it is wrong, too much, or can't be kept.
    pub async fn create(&self, new: NewSnippet, owner: Owner, engine: &str) -> Result<Created, Failure> {
        let NewSnippet {
            title,
            source,
            files,
            entry,
            language,
            mode,
            export,
            input,
            stdin,
            output,
            expires_in,
            parent,
        } = new;
        let content = Content { title, source, files, entry, language, mode, export, input, stdin };
        let content = content.check(self.rules.content)?;
        let output = self.check_output(output, engine)?;
        let now = Timestamp::now();
        let expires_at = self.expiry(now, expires_in)?;
        if let Some(parent) = &parent {
            self.find(parent).await.map_err(|failure| match failure {
                Failure::Missing | Failure::Expired(_) => Failure::Invalid(format!(
                    "`parent` is {parent}, and there is no such snippet. Leave it out."
                )),
                other => other,
            })?;
        }
        let token = DeletionToken::random().map_err(|error| {
            Failure::Store(StoreError::Corrupt(format!("no random numbers for a token: {error}")))
        })?;
        let snippet = Snippet {
            id: SnippetId::random(),
            version: 1,
            latest: 1,
            parent,
            created_at: now,
            revised_at: now,
            expires_at,
            opened_at: now,
            token_hash: token.hash(),
            content,
            output,
        };
        self.make_room(&snippet).await?;
        match self.store.create(&snippet, &self.share(owner)).await? {
            Written::Kept => Ok(Created { snippet, token }),
            Written::Full(full) => Err(Failure::Full(full)),
            Written::Stale => {
                let words = format!("{} is new, and can't be of another version", snippet.id);
                Err(Failure::Store(StoreError::Corrupt(words)))
            }
        }
    }

    /// The snippet that `reference` names.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find(&self, reference: &Reference) -> Result<Snippet, Failure> {
        let snippet = self.store.find(reference).await?.ok_or(Failure::Missing)?;
        let now = Timestamp::now();
        match snippet.expires_at {
            Some(at) if at <= now => Err(Failure::Expired(at)),
            _ => {
                if snippet.opened_at.after(self.noted_every()) <= now {
                    // What is not noted now is noted the next time. To read needs no store that can be written to.
                    let _ = self.store.opened(&snippet.id, now).await;
                }
                Ok(snippet)
            }
        }
    }

    /// How precisely openings are noted: well within the times that depend on it.
    fn noted_every(&self) -> Duration {
        let ages = [self.rules.unopened_age, self.rules.evict_after];
        ages.into_iter().flatten().map(|age| age / 8).fold(NOTED_EVERY, Duration::min)
    }

    fn share(&self, owner: Owner) -> Share {
        Share { owner, client: self.rules.client }
    }

    async fn owned(&self, id: &SnippetId, token: &str) -> Result<Snippet, Failure> {
        let snippet = self.find(&Reference { id: id.clone(), version: None }).await?;
        if snippet.token_hash.is_of(token) { Ok(snippet) } else { Err(Failure::Forbidden) }
    }

    /// Makes a new version. It counts for whoever made the first one, or else for `owner`. `engine` is what runs programs
    /// now.
    ///
    /// # Errors
    /// When it is wrong or too much, the token is another, or there is no such snippet.
    pub async fn revise(
        &self,
        id: &SnippetId,
        token: &str,
        revision: Revision,
        owner: Owner,
        engine: &str,
    ) -> Result<Revised, Failure> {
        let output = match revision.output.clone() {
            Some(output) => Some(self.check_output(output, engine)?),
            None => None,
        };
        for _ in 0..TRIES {
            let before = self.owned(id, token).await?;
            if before.latest >= self.rules.versions {
                return Err(Failure::Conflict(format!(
                    "This snippet has {} versions, as many as one may have. Share the program anew.",
                    before.latest
                )));
            }
            let now = Timestamp::now();
            let snippet = Snippet {
                content: revised(&before.content, &revision).check(self.rules.content)?,
                output: output
                    .clone()
                    .unwrap_or_else(|| if revision.changes_program() { None } else { before.output.clone() }),
                version: before.latest + 1,
                latest: before.latest + 1,
                revised_at: now,
                opened_at: now,
                expires_at: match revision.expires_in {
                    None => before.expires_at,
                    Some(expires_in) => self.expiry(now, expires_in)?,
                },
                ..before
            };
            self.make_room(&snippet).await?;
            match self.store.revise(&snippet, &self.share(owner)).await? {
                Written::Kept => return Ok(Revised { snippet }),
                Written::Full(full) => return Err(Failure::Full(full)),
                Written::Stale => {}
            }
        }
        Err(Failure::Conflict("Others change this snippet at the same time. Try again.".to_owned()))
    }

    /// Deletes a snippet in all its versions.
    ///
    /// # Errors
    /// When the token is another, or there is no such snippet.
    pub async fn delete(&self, id: &SnippetId, token: &str) -> Result<(), Failure> {
        self.owned(id, token).await?;
        if self.store.delete(id).await? { Ok(()) } else { Err(Failure::Missing) }
    }

    /// Deletes what has expired and what nobody has opened for long, and says how many.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn purge(&self) -> Result<Purged, StoreError> {
        let now = Timestamp::now();
        let expired = self.store.purge(now).await?;
        let unopened = match self.rules.unopened_age {
            Some(age) => self.store.purge_unopened(now.before(age)).await?,
            None => 0,
        };
        Ok(Purged { expired, unopened })
    }

    /// How much of the store is used, asked anew.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn measure(&self) -> Result<Fill, StoreError> {
        let bytes = self.store.size().await?;
        *self.size.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), bytes));
        Ok(Fill { bytes, limit: self.rules.store_bytes })
    }

    /// How much of the store was used when that was last known.
    pub fn fill(&self) -> Option<Fill> {
        let known = *self.size.lock().unwrap_or_else(PoisonError::into_inner);
        known.map(|(_, bytes)| Fill { bytes, limit: self.rules.store_bytes })
    }

    /// How much one client may keep.
    pub fn client_share(&self) -> Bounds {
        self.rules.client
    }

    /// How long a snippet is kept that nobody opens.
    pub fn unopened_age(&self) -> Option<Duration> {
        self.rules.unopened_age
    }

    fn check_output(
        &self,
        output: Option<Recording>,
        engine: &str,
    ) -> Result<Option<Box<serde_json::value::RawValue>>, Failure> {
        Ok(output.map(|output| output.check(self.rules.recording, engine)).transpose()?)
    }

    /// When a snippet made `now` ends that is to be kept for so many seconds.
    fn expiry(&self, now: Timestamp, expires_in: Option<u64>) -> Result<Option<Timestamp>, Failure> {
        if let Some(seconds) = expires_in.filter(|it| !(SHORTEST_LIFE..=LONGEST_LIFE).contains(it)) {
            return Err(Failure::Invalid(format!(
                "`expires_in` is {seconds}: it takes seconds, from {SHORTEST_LIFE} to {LONGEST_LIFE}."
            )));
        }
        let asked = expires_in.map(Duration::from_secs);
        let life = [asked, self.rules.max_age].into_iter().flatten().min();
        Ok(life.map(|life| now.after(life)))
    }

    /// Sees to it that the store has room for one more version: what was opened longest ago goes, if that is long ago.
    async fn make_room(&self, snippet: &Snippet) -> Result<(), Failure> {
        let known = *self.size.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, size) = match known.filter(|(at, _)| at.elapsed() < SIZE_AGE) {
            Some(known) => known,
            None => (Instant::now(), self.store.size().await?),
        };
        let content = serde_json::to_string(&snippet.content).map_or(0, |content| content.len());
        let mut size =
            size + content as u64 + snippet.output.as_ref().map_or(0, |output| output.get().len() as u64);
        for _ in 0..EVICTIONS {
            let over = size.saturating_sub(self.rules.store_bytes);
            let Some(after) = self.rules.evict_after.filter(|_| over > 0) else { break };
            let (deleted, freed) = self.store.evict(Timestamp::now().before(after), over).await?;
            if deleted == 0 {
                break;
            }
            size = size.saturating_sub(freed);
        }
        if size > self.rules.store_bytes {
            return Err(Failure::Full(Full::Store));
        }
        *self.size.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, size));
        Ok(())
    }
}

impl Revision {
    /// Whether the program will do something else than it did.
    fn changes_program(&self) -> bool {
        let Self {
            title: _,
            source,
            files,
            entry,
            language,
            mode,
            export,
            input,
            stdin,
            output: _,
            expires_in: _,
        } = self;
        source.is_some()
            || files.is_some()
            || entry.is_some()
            || language.is_some()
            || mode.is_some()
            || export.is_some()
            || input.is_some()
            || stdin.is_some()
    }
}

/// `before` with what a revision says anew.
fn revised(before: &Content, revision: &Revision) -> Content {
    let Revision {
        title,
        source,
        files,
        entry,
        language,
        mode,
        export,
        input,
        stdin,
        output: _,
        expires_in: _,
    } = revision.clone();
    // Files in the place of a text take its place, and the other way round.
    let (old_source, old_files, old_entry) = match (&source, &files) {
        (None, None) => (before.source.clone(), before.files.clone(), before.entry.clone()),
        _ => (None, None, None),
    };
    Content {
        title: title.unwrap_or_else(|| before.title.clone()),
        source: source.or(old_source),
        files: files.or(old_files),
        entry: entry.unwrap_or(old_entry),
        language: language.unwrap_or(before.language),
        mode: mode.unwrap_or(before.mode),
        export: export.unwrap_or_else(|| before.export.clone()),
        input: input.unwrap_or_else(|| before.input.clone()),
        stdin: stdin.unwrap_or_else(|| before.stdin.clone()),
    }
}
