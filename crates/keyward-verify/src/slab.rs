//! A growing array whose copies share what is equal.
//!
//! Two levels of pages behind `Arc`s: a shelf is 64 pages, a page is 64 values. Copying a slab copies one pointer.
//! Changing a value in a copy copies its page, its shelf and the list of shelves: for 64-byte records 4 KiB, 512 bytes
//! and 8 bytes per 4096 records, whatever the size of the rest.

use std::array;
use std::sync::Arc;

/// Values on a page, and pages on a shelf.
const WIDTH: usize = 64;

type Page<T> = Arc<[T; WIDTH]>;
type Shelf<T> = Arc<[Page<T>; WIDTH]>;

/// Values numbered from 0. Numbers are never reused, for nothing is ever removed.
pub(crate) struct Slab<T> {
    shelves: Arc<[Shelf<T>]>,
    length: u32,
}

/// There are 2³² values, the most that can be numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl<T: Clone> Slab<T> {
    pub(crate) fn new() -> Self {
        Self { shelves: Arc::new([]), length: 0 }
    }

    pub(crate) fn len(&self) -> u32 {
        self.length
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        if number >= self.length {
            return None;
        }
        let Place { shelf, page, value } = Place::of(number);
        Some(&self.shelves.get(shelf)?[page][value])
    }

    /// The value, on a page that no other copy of the slab sees.
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        if number >= self.length {
            return None;
        }
        let Place { shelf, page, value } = Place::of(number);
        let shelf = Arc::make_mut(Arc::make_mut(&mut self.shelves).get_mut(shelf)?);
        Some(&mut Arc::make_mut(&mut shelf[page])[value])
    }

    /// Appends a value and returns its number.
    pub(crate) fn push(&mut self, value: T) -> Result<u32, Full> {
        let number = self.length;
        self.length = number.checked_add(1).ok_or(Full)?;
        let place = Place::of(number);
        if place.value > 0 {
            if let Some(free) = self.get_mut(number) {
                *free = value;
            }
            return Ok(number);
        }
        // What is not yet in use on a new page or shelf is filled with copies; `length` hides them.
        let page: Page<T> = Arc::new(array::from_fn(|_| value.clone()));
        if place.page > 0 {
            if let Some(shelf) = Arc::make_mut(&mut self.shelves).get_mut(place.shelf) {
                Arc::make_mut(shelf)[place.page] = page;
            }
        } else {
            let shelf: Shelf<T> = Arc::new(array::from_fn(|_| Arc::clone(&page)));
            self.shelves = self.shelves.iter().cloned().chain([shelf]).collect();
        }
        Ok(number)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..self.length).filter_map(|number| Some((number, self.get(number)?)))
    }
}

impl<T> Clone for Slab<T> {
    fn clone(&self) -> Self {
        Self { shelves: Arc::clone(&self.shelves), length: self.length }
    }
}

struct Place {
    shelf: usize,
    page: usize,
    value: usize,
}

impl Place {
    #[inline]
    const fn of(number: u32) -> Self {
        let number = number as usize;
        Self { shelf: number / (WIDTH * WIDTH), page: number / WIDTH % WIDTH, value: number % WIDTH }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_numbers_over_pages_and_shelves() {
        let mut slab = Slab::new();
        for value in 0..10_000_u32 {
            assert_eq!(slab.push(value), Ok(value));
        }
        assert!((0..10_000).all(|number| slab.get(number) == Some(&number)));
        assert_eq!(slab.get(10_000), None, "what fills a page beyond the end is not visible");
        assert_eq!(slab.iter().count(), 10_000);
    }

    #[test]
    fn a_change_in_a_copy_is_not_seen_in_the_original() {
        let mut original = Slab::new();
        for value in 0..5_000_u32 {
            original.push(value).unwrap();
        }
        let mut copy = original.clone();
        *copy.get_mut(70).unwrap() = 0;
        copy.push(9).unwrap();
        assert_eq!((original.get(70), original.get(5_000), original.len()), (Some(&70), None, 5_000));
        assert_eq!((copy.get(70), copy.get(5_000), copy.len()), (Some(&0), Some(&9), 5_001));
    }

    #[test]
    fn a_change_copies_one_page_and_shares_all_others() {
        let mut original = Slab::new();
        for value in 0..9_000_u32 {
            original.push(value).unwrap();
        }
        let mut copy = original.clone();
        *copy.get_mut(64 * 64 + 1).unwrap() = 0;
        let shared = |number: u32| std::ptr::eq(original.get(number).unwrap(), copy.get(number).unwrap());
        assert!((0..9_000).all(|number| shared(number) != (number / 64 == 64)));
    }
}
