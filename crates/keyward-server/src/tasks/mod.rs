//! What runs by itself: following the feed, writing uses, signing checkpoints.

pub mod nodes;
pub mod refusals;
