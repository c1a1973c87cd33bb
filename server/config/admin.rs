//! Keys of those who look after the server.

use std::fmt;

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::value::members;

/// The shortest key, in bytes.
const KEY_BYTES: usize = 24;
/// The longest name, in bytes.
const NAME_BYTES: usize = 40;
/// The most keys.
const MOST: usize = 100;

/// Who may use `/admin`: names, each with a key.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AdminKeys(Vec<(String, String)>);

impl AdminKeys {
    /// Whether nobody may.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose key this is. How long that takes does not depend on what is wrong with it.
    pub fn name_of(&self, key: &str) -> Option<&str> {
        let mut found = 0_u64;
        for (at, (_, own)) in self.0.iter().enumerate() {
            let is_it: Choice = own.as_bytes().ct_eq(key.as_bytes());
            found.conditional_assign(&(at as u64 + 1), is_it);
        }
        let at = usize::try_from(found).ok()?.checked_sub(1)?;
        self.0.get(at).map(|(name, _)| name.as_str())
    }

    /// The key of this name.
    pub fn key_of(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, key)| key.as_str())
    }
}

impl fmt::Debug for AdminKeys {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_tuple("AdminKeys").field(&names).finish()
    }
}

/// `none`, or names with keys: `ada:KEY, ben:KEY`.
pub fn admin_keys(text: &str) -> Result<AdminKeys, String> {
    if text.trim() == "none" {
        return Ok(AdminKeys::default());
    }
    let wanted = || {
        format!(
            "Write none, or names with keys, separated by commas, like ada:KEY. A name is of letters, digits, `.`, `_` \
             and `-`; a key of at least {KEY_BYTES} letters, digits and signs without spaces and commas."
        )
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let mut keys: Vec<(String, String)> = Vec::new();
    for member in members(text) {
        let (name, key) = member.split_once(':').ok_or_else(wanted)?;
        let name_is_right = !name.is_empty() && name.len() <= NAME_BYTES && name.bytes().all(is_plain);
        let key_is_right = key.len() >= KEY_BYTES && key.bytes().all(|byte| byte.is_ascii_graphic());
        if !name_is_right || !key_is_right {
            return Err(wanted());
        }
        if keys.len() == MOST || keys.iter().any(|(other, own)| other == name || own == key) {
            return Err(format!("Give each its own name and its own key, and no more than {MOST} of them."));
        }
        keys.push((name.to_owned(), key.to_owned()));
    }
    if keys.is_empty() { Err(wanted()) } else { Ok(AdminKeys(keys)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_read_found_and_not_shown() {
        let keys =
            admin_keys("ada:0123456789abcdefghijklmn, ben:with:colons:in:it:0123456789").expect("keys");
        assert_eq!(keys.name_of("0123456789abcdefghijklmn"), Some("ada"));
        assert_eq!(keys.name_of("with:colons:in:it:0123456789"), Some("ben"));
        assert_eq!(keys.key_of("ada"), Some("0123456789abcdefghijklmn"));
        for wrong in ["", "0123456789abcdefghijklm", "0123456789abcdefghijklmo", "ada"] {
            assert_eq!(keys.name_of(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{keys:?}"), r#"AdminKeys(["ada", "ben"])"#);
        assert!(admin_keys("none").is_ok_and(|none| none.is_empty() && none.name_of("").is_none()));
        for wrong in [
            "",
            "ada",
            "ada:short",
            "a b:0123456789abcdefghijklmn",
            ":0123456789abcdefghijklmn",
            "ada:0123456789 abcdefghijklmn",
        ] {
            assert!(
                admin_keys(wrong).is_err_and(|words| words.starts_with("Write none, or names")),
                "{wrong}"
            );
        }
        let twice = "ada:0123456789abcdefghijklmn,ada:0123456789abcdefghijklmo";
        assert!(admin_keys(twice).is_err_and(|words| words.starts_with("Give each its own")));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".*", key in ".*") {
            if let Ok(keys) = admin_keys(&text) {
                let _ = keys.name_of(&key);
            }
        }
    }
}
