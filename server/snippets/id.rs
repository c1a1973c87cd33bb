//! Names of snippets, and the tokens that let their owners change them.

use std::fmt;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// Digits of an id: letters and figures, without those that look alike.
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// How many digits an id has: 12 of 58 are 70 bits.
const LENGTH: usize = 12;
/// How many random bytes are in a token.
const TOKEN_BYTES: usize = 24;

/// The name of a snippet: 12 digits that nobody can guess.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct SnippetId(String);

impl SnippetId {
    /// A new one, from the random bits of a UUID: who shares the same program again gets another.
    pub fn random() -> Self {
        let bits = Uuid::new_v4().as_u128();
        // Bits 62 to 79 are partly those of the version and the variant.
        let mut random = (bits >> 80) << 62 | bits & ((1 << 62) - 1);
        let mut digits = String::with_capacity(LENGTH);
        for _ in 0..LENGTH {
            digits.push(char::from(ALPHABET[(random % 58) as usize]));
            random /= 58;
        }
        Self(digits)
    }

    /// The id that `text` is.
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == LENGTH && text.bytes().all(|digit| ALPHABET.contains(&digit));
        is_id.then(|| Self(text.to_owned()))
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SnippetId {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A snippet in its latest version, or in one that stays as it is: `id` or `id@version`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Which snippet.
    pub id: SnippetId,
    /// Which of its versions; the latest where none is named.
    pub version: Option<u32>,
}

impl Reference {
    /// The reference that `text` is.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once('@') {
            None => Some(Self { id: SnippetId::parse(text)?, version: None }),
            Some((id, version)) => {
                let is_plain =
                    version.bytes().all(|digit| digit.is_ascii_digit()) && !version.starts_with('0');
                let version = version.parse().ok().filter(|_| is_plain)?;
                Some(Self { id: SnippetId::parse(id)?, version: Some(version) })
            }
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.version {
            Some(version) => write!(f, "{}@{version}", self.id),
            None => self.id.fmt(f),
        }
    }
}

impl Serialize for Reference {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom("no snippet is called so: write its id, or its id, `@` and a version")
        })
    }
}

/// What a snippet's owner is given once, to change and delete it with. Only its hash is kept.
pub type DeletionToken = Token<'d'>;
/// What lets a program use the HTTP API, in the operator's name. Only its hash is kept.
pub type ApiToken = Token<'k'>;

/// A secret of the kind that `KIND` stands for.
pub struct Token<const KIND: char>(String);

impl<const KIND: char> Token<KIND> {
    /// A new one, of 192 random bits.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes)?;
        // Whoever finds one knows what it is.
        Ok(Self(format!("mf{KIND}_{}", hex(&bytes))))
    }

    /// What to keep of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }

    /// The token itself, for whoever it is given to.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// The SHA-256 of a token. That is enough: nobody finds 192 random bits by trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of `token`.
    pub fn of(token: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, token.as_bytes()).as_ref());
        Self(hash)
    }

    /// The hash that a store has kept; `None` for anything that is none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The hash in hexadecimal digits; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits: Option<Vec<u8>> =
            text.chars().map(|digit| digit.to_digit(16).and_then(|it| u8::try_from(it).ok())).collect();
        let bytes: Vec<u8> =
            digits?.chunks(2).map(|pair| pair.iter().fold(0, |all, it| all << 4 | it)).collect();
        Self::from_bytes(&bytes).filter(|_| text.len() == 64)
    }

    /// As bytes, for a store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether `token` is the one. Takes the same time wherever they differ.
    pub fn is_of(&self, token: &str) -> bool {
        self.0.ct_eq(&Self::of(token).0).into()
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// `bytes` in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_short_their_own_and_use_every_digit() {
        let ids: HashSet<SnippetId> = (0..2_000).map(|_| SnippetId::random()).collect();
        assert_eq!(ids.len(), 2_000);
        for place in 0..LENGTH {
            let digits: HashSet<u8> = ids.iter().map(|id| id.as_str().as_bytes()[place]).collect();
            assert!(digits.len() > 50, "digit {place} is one of {}", digits.len());
        }
        for id in ids {
            assert_eq!(SnippetId::parse(id.as_str()), Some(id));
        }
    }

    #[test]
    fn references_are_ids_with_or_without_a_version() {
        let id = SnippetId::random();
        for (text, version) in
            [(id.to_string(), None), (format!("{id}@1"), Some(1)), (format!("{id}@120"), Some(120))]
        {
            let reference = Reference::parse(&text).expect("a reference");
            assert_eq!((&reference.id, reference.version, reference.to_string()), (&id, version, text));
        }
        for bad in [
            "",
            "@1",
            "short",
            "0OIl00000000",
            &format!("{id}@"),
            &format!("{id}@0"),
            &format!("{id}@01"),
            &format!("{id}@+1"),
            &format!("{id}@-1"),
            &format!("{id}@4294967296"),
            &format!("{id}@1@1"),
            &format!("{id} "),
        ] {
            assert_eq!(Reference::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_token_is_known_by_its_hash() {
        let (one, other) =
            (DeletionToken::random().expect("random"), DeletionToken::random().expect("random"));
        assert!(one.hash().is_of(one.reveal()) && !one.hash().is_of(other.reveal()) && !one.hash().is_of(""));
        assert_eq!(one.reveal().len(), 52);
        assert_eq!(TokenHash::from_hex(&one.hash().to_string()), Some(one.hash()));
        assert_eq!(TokenHash::from_bytes(one.hash().as_bytes()), Some(one.hash()));
        assert_eq!(
            TokenHash::of("abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = (Reference::parse(&text), TokenHash::from_hex(&text));
        }

        #[test]
        fn what_is_read_is_written_back(text in "[1-9A-Za-z]{12}(@[0-9]{1,10})?") {
            if let Some(reference) = Reference::parse(&text) {
                prop_assert_eq!(reference.to_string(), text);
            }
        }
    }
}
