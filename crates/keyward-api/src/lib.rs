//! Wire types, error codes and conversions: the only compatibility promise.
