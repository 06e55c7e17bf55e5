//! The order in which `SCAN` lists the keys: by a hash of the key, which neither changes when
//! other keys come and go nor depends on the process. A cursor is a hash: all keys before it
//! have been listed. So the store keeps nothing for a client that scans.

use runner_sdk::fnv;
use std::collections::BTreeSet;

/// All keys in the order of their hashes.
#[derive(Debug, Default)]
pub struct ScanIndex(BTreeSet<(u64, Vec<u8>)>);

impl ScanIndex {
    /// The index of these keys.
    pub fn of<'a>(keys: impl Iterator<Item = &'a Vec<u8>>) -> ScanIndex {
        ScanIndex(keys.map(|key| (hash(key), key.clone())).collect())
    }

    /// Adds a key.
    pub fn add(&mut self, key: &[u8]) {
        self.0.insert((hash(key), key.to_vec()));
    }

    /// Removes a key.
    pub fn remove(&mut self, key: &[u8]) {
        self.0.remove(&(hash(key), key.to_vec()));
    }

    /// At least `count` keys from a cursor on, if there are so many, and the next cursor; 0 at the
    /// end. Keys of one hash are never parted.
    pub fn page(&self, cursor: u64, count: u64) -> (u64, Vec<Vec<u8>>) {
        let mut keys = Vec::new();
        let mut last = None;
        for (hash, key) in self.0.range((cursor, Vec::new())..) {
            if keys.len() as u64 >= count && last != Some(*hash) {
                return (*hash, keys);
            }
            last = Some(*hash);
            keys.push(key.clone());
        }
        (0, keys)
    }
}

/// The hash of a key; never 0, which is the cursor of the beginning and of the end.
fn hash(key: &[u8]) -> u64 {
    (fnv::of(key) >> 16).max(1)
}
