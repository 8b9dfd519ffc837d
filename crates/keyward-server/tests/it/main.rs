//! The server over real sockets. One binary; each file is about one thing that users see.

mod harness;

mod basics;
