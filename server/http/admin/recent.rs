//! What was seen lately: a table that lets go of what was not seen for longest.

use std::collections::HashMap;
use std::hash::Hash;

/// A bounded table. Whoever fills it up pushes out others' entries, and no more.
#[derive(Debug)]
pub struct Recent<K, V> {
    most: usize,
    entries: HashMap<K, (u64, V)>,
    clock: u64,
}

impl<K: Clone + Eq + Hash, V: Default> Recent<K, V> {
    /// An empty one for at most so many.
    pub fn new(most: usize) -> Self {
        Self { most, entries: HashMap::new(), clock: 0 }
    }

    /// The entry of `key`, new if there is none, which was seen now.
    pub fn seen(&mut self, key: K) -> &mut V {
        if self.entries.len() >= self.most && !self.entries.contains_key(&key) {
            let oldest = self.entries.iter().min_by_key(|(_, (at, _))| *at).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                self.entries.remove(&oldest);
            }
        }
        self.clock += 1;
        let entry = self.entries.entry(key).or_default();
        entry.0 = self.clock;
        &mut entry.1
    }

    /// All, those that were seen last first.
    pub fn all(&self) -> Vec<(&K, &V)> {
        let mut all: Vec<_> = self.entries.iter().collect();
        all.sort_by_key(|(_, (at, _))| std::cmp::Reverse(*at));
        all.into_iter().map(|(key, (_, value))| (key, value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_seen_for_longest_goes_first() {
        let mut recent: Recent<u32, u32> = Recent::new(3);
        for key in [1, 2, 3, 1, 4] {
            *recent.seen(key) += 1;
        }
        let all: Vec<_> = recent.all().into_iter().map(|(key, count)| (*key, *count)).collect();
        assert_eq!(all, [(4, 1), (1, 2), (3, 1)]);
        for key in 0..10_000 {
            recent.seen(key);
            assert!(recent.all().len() <= 3);
        }
    }
}
