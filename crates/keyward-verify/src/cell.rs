//! The one place where threads meet: a pointer to the current value, replaced as a whole.
//!
//! Under `cfg(loom)` the pointer and the lock are loom's, so that `tests/loom.rs` explores their interleavings.

use std::ops::Deref;
use std::sync::Arc;

#[cfg(not(loom))]
pub(crate) use std::sync::Mutex;

#[cfg(loom)]
pub(crate) use loom::sync::Mutex;

/// Holds the current value. Loading waits for nobody, and nobody waits for a loaded value to be let go.
pub(crate) struct Cell<T> {
    #[cfg(not(loom))]
    current: arc_swap::ArcSwap<T>,
    #[cfg(loom)]
    current: loom::sync::RwLock<Arc<T>>,
}

/// A value that was current when it was loaded. Let go of it soon: it keeps all of its memory.
pub(crate) struct Loaded<T> {
    #[cfg(not(loom))]
    value: arc_swap::Guard<Arc<T>>,
    #[cfg(loom)]
    value: Arc<T>,
}

#[cfg(not(loom))]
impl<T> Cell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { current: arc_swap::ArcSwap::from_pointee(value) }
    }

    #[inline]
    pub(crate) fn load(&self) -> Loaded<T> {
        Loaded { value: self.current.load() }
    }

    pub(crate) fn publish(&self, value: T) {
        self.current.store(Arc::new(value));
    }
}

#[cfg(loom)]
impl<T> Cell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { current: loom::sync::RwLock::new(Arc::new(value)) }
    }

    pub(crate) fn load(&self) -> Loaded<T> {
        let current = self.current.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        Loaded { value: Arc::clone(&current) }
    }

    pub(crate) fn publish(&self, value: T) {
        *self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(value);
    }
}

impl<T> Deref for Loaded<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}
