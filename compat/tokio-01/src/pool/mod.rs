//! Pools of threads: a multi-thread runtime of Minato in the clothes of tokio 0.1.
//!
//! [`runtime::Runtime`](crate::runtime::Runtime) and the deprecated `thread_pool` are both one of
//! these. A pool starts its threads with the first task, all of them at once.

mod builder;
mod sender;
mod shared;
mod shutdown;
mod thread_pool;

pub use self::builder::Builder;
pub use self::sender::Sender;
pub use self::shutdown::Shutdown;
pub use self::thread_pool::ThreadPool;
