//! The attribute macros of minato: [`macro@main`] and [`macro@test`].
//!
//! Use them as `#[minato::main]` and `#[minato::test]`. The crate has no dependencies: what it
//! needs to know of a function is little, and is read from its tokens by hand.

mod expand;
mod parse;

use proc_macro::TokenStream;

use crate::parse::Attribute;

/// Runs an `async fn` on a runtime of its own.
///
/// The function becomes an ordinary one: it builds a runtime, runs its former body on it, and
/// returns what that returns. Attributes, visibility and the signature stay as they are. `main`
/// takes no arguments; any other function may have some.
///
/// ```ignore
/// #[minato::main]
/// async fn main() -> std::io::Result<()> {
///     let listener = minato::net::TcpListener::bind("127.0.0.1:0").await?;
///     println!("listening on {}", listener.local_addr()?);
///     Ok(())
/// }
/// ```
///
/// # Options
///
/// | option | is |
/// |---|---|
/// | `flavor = "multi_thread"` | the default: tasks run on several threads |
/// | `flavor = "current_thread"` | tasks run on the calling thread |
/// | `flavor = "local"` | the same, and tasks need not be `Send` |
/// | `worker_threads = 4` | how many threads the flavor `multi_thread` has |
/// | `start_paused = true` | the runtime's clock starts paused; not with `multi_thread` |
/// | `name = "front"` | the name of the runtime |
/// | `crate = "path"` | where minato is found, if not at `::minato` |
///
/// ```ignore
/// #[minato::main(flavor = "multi_thread", worker_threads = 2)]
/// async fn main() {}
/// ```
///
/// # Panics
///
/// The function panics if the runtime cannot be built. To handle that error, use
/// `minato::runtime::Builder` instead.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Attribute::Main, options, item)
}

/// Makes an `async fn` a test that runs on a runtime of its own.
///
/// The function becomes an ordinary `#[test]`, and other attributes of tests (`#[ignore]`,
/// `#[should_panic]`) work as always. It takes no arguments.
///
/// ```ignore
/// #[minato::test]
/// async fn a_listener_has_an_address() -> std::io::Result<()> {
///     let listener = minato::net::TcpListener::bind("127.0.0.1:0").await?;
///     assert_ne!(listener.local_addr()?.port(), 0);
///     Ok(())
/// }
/// ```
///
/// # Options
///
/// Those of [`macro@main`]. The default flavor is `"current_thread"`, so `worker_threads` needs
/// `flavor = "multi_thread"`.
///
/// # Panics
///
/// The test panics, and so fails, if the runtime cannot be built.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Attribute::Test, options, item)
}
