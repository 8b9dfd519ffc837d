//! Values that records refer to by number, each kept once.

use crate::slab::{Full, Slab};
use crate::table::Table;

/// A set of values, numbered in the order in which they came. Copied on write, like what it is made of.
#[derive(Clone)]
pub(crate) struct Numbered<K> {
    values: Slab<K>,
    numbers: Table,
}

impl<K: Copy + Eq> Numbered<K> {
    pub(crate) fn new() -> Self {
        Self { values: Slab::new(), numbers: Table::new() }
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&K> {
        self.values.get(number)
    }

    /// The number of `value`, whose hash is given; a new one if it has none yet.
    pub(crate) fn number_of(&mut self, hash: u32, value: K) -> Result<u32, Full> {
        if let Some(number) = self.numbers.find(hash, |number| self.values.get(number) == Some(&value)) {
            return Ok(number);
        }
        let number = self.values.push(value)?;
        self.numbers.insert(hash, number)?;
        Ok(number)
    }
}
