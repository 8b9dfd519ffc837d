//! Finding a record's number by a hash of what it is called: about 13 bytes per record, copied on write like a [`Slab`].
//!
//! Linear hashing: buckets hold eight entries on average, and one bucket is split whenever there are too few of them, so
//! that no single insertion pays for the growth of the whole. The table keeps 32 bits of each hash and no key: whoever
//! looks something up compares the key itself, so equal hashes are a matter of speed and never of correctness.

use std::sync::Arc;

use crate::slab::{Full, Slab};

/// Entries per bucket, on average, above which a bucket is split.
const LOAD: usize = 8;

#[derive(Clone)]
pub(crate) struct Table {
    buckets: Slab<Bucket>,
    length: usize,
}

type Bucket = Arc<[Entry]>;

#[derive(Clone, Copy)]
struct Entry {
    hash: u32,
    number: u32,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self { buckets: Slab::new(), length: 0 }
    }

    /// The number under `hash` for which `is_it` holds.
    #[inline]
    pub(crate) fn find(&self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let bucket = self.buckets.get(self.bucket_of(hash))?;
        bucket.iter().find(|entry| entry.hash == hash && is_it(entry.number)).map(|entry| entry.number)
    }

    /// Adds a number under `hash`, beside others that may stand there.
    pub(crate) fn insert(&mut self, hash: u32, number: u32) -> Result<(), Full> {
        if self.length >= self.buckets.len() as usize * LOAD {
            self.split()?;
        }
        let at = self.bucket_of(hash);
        if let Some(bucket) = self.buckets.get_mut(at) {
            *bucket = bucket.iter().copied().chain([Entry { hash, number }]).collect();
            self.length += 1;
        }
        Ok(())
    }

    /// Takes a number away from under `hash`.
    pub(crate) fn remove(&mut self, hash: u32, number: u32) {
        let at = self.bucket_of(hash);
        if let Some(bucket) = self.buckets.get_mut(at) {
            let kept: Bucket = bucket.iter().copied().filter(|e| (e.hash, e.number) != (hash, number)).collect();
            self.length -= bucket.len() - kept.len();
            *bucket = kept;
        }
    }

    /// Adds a bucket and moves there what now belongs there, all of it from one other bucket.
    fn split(&mut self) -> Result<(), Full> {
        let added = self.buckets.push(Arc::new([]))?;
        // The bucket where everything went that will go to the new one: its number without the highest bit.
        let Some(parent) = added.checked_ilog2().map(|bit| added & !(1 << bit)) else { return Ok(()) };
        let Some(entries) = self.buckets.get(parent).cloned() else { return Ok(()) };
        let (moved, kept): (Vec<Entry>, Vec<Entry>) =
            entries.iter().partition(|entry| self.bucket_of(entry.hash) == added);
        for (bucket, entries) in [(parent, kept), (added, moved)] {
            if let Some(bucket) = self.buckets.get_mut(bucket) {
                *bucket = entries.into();
            }
        }
        Ok(())
    }

    /// As many low bits of the hash as the number of buckets needs; one bit less where that bucket is not there yet.
    #[inline]
    fn bucket_of(&self, hash: u32) -> u32 {
        let count = self.buckets.len();
        let mask = count.checked_next_power_of_two().map_or(u32::MAX, |power| power - 1);
        let bucket = hash & mask;
        if bucket < count { bucket } else { bucket & (mask >> 1) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Spreads small numbers over all 32 bits.
    fn hash(number: u32) -> u32 {
        number.wrapping_mul(0x9E37_79B9).rotate_left(16)
    }

    #[test]
    fn everything_is_found_again_while_the_table_grows() {
        let mut table = Table::new();
        for number in 0..20_000 {
            table.insert(hash(number), number).unwrap();
        }
        assert!((0..20_000).all(|number| table.find(hash(number), |n| n == number) == Some(number)));
        assert_eq!(table.find(hash(20_000), |n| n == 20_000), None);
        let longest = table.buckets.iter().map(|(_, bucket)| bucket.len()).max();
        assert!(longest < Some(40), "no bucket is long: {longest:?}");
    }

    #[test]
    fn equal_hashes_stand_beside_each_other() {
        let mut table = Table::new();
        for number in 0..50 {
            table.insert(7, number).unwrap();
        }
        assert!((0..50).all(|number| table.find(7, |n| n == number) == Some(number)));
    }

    proptest! {
        #[test]
        fn behaves_like_a_set(steps in proptest::collection::vec((any::<bool>(), 0_u32..64), 0..400)) {
            let (mut table, mut model) = (Table::new(), BTreeSet::new());
            for (add, number) in steps {
                if add && model.insert(number) {
                    table.insert(hash(number), number).unwrap();
                } else if !add && model.remove(&number) {
                    table.remove(hash(number), number);
                }
            }
            for number in 0..64 {
                let found = table.find(hash(number), |n| n == number);
                prop_assert_eq!(found, model.get(&number).copied());
            }
        }
    }
}
