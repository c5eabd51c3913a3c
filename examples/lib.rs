//! Programs that teach one thing each.
//!
//! The programs are the files beside this one. Run one with
//! `cargo run -p minato-examples --example NAME`; each drives itself and ends.
//!
//! | example | teaches |
//! |---|---|
//! | `echo_future` | the future API: by value, and with `async` methods |
//! | `echo_poll` | the poll API: a future written by hand |
//! | `udp_echo` | datagrams |
//! | `lent_buffers` | receiving into memory that the thread lends |
//! | `proxy` | copying in both directions, and how each ends |
//! | `chat` | splitting a stream, and queues with bounds |
//! | `no_runtime` | sockets on plain threads |
//! | `foreign_executor` | sockets in smol's tasks |
//! | `timeouts` | time limits and cancellation |
//! | `unix_sockets` | sockets with a path, and pairs without a name |
//! | `async_fd` | awaiting a descriptor of your own |
//! | `own_loop` | turning a reactor in your own event loop |
//! | `simulated` | the same service in a simulated world |
