//! The in-memory read model and the decision: embeddable, no I/O, no allocation on the hot path.
