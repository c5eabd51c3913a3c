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
/// `flavor = "multi_thread"`. And three more:
///
/// | option | is |
/// |---|---|
/// | `engine = "os"` | the default: the test runs once, on the operating system |
/// | `engine = "sim"` | the test runs in simulated worlds, once for each seed |
/// | `engine = "all"` | both: the tests `name::os` and `name::sim` |
/// | `seeds = 100` | the seeds 0 to 99; also a range, such as `seeds = 100..200` |
/// | `must_reach = ["name"]` | a seed must reach the mark; see `minato::sim::mark` |
///
/// # In simulated worlds
///
/// With `engine = "sim"` the function becomes a sweep (see `minato::sim::sweep`) of the seeds that
/// are given, or of those that a sweep takes by default. The environment can say others, and
/// `minato sim` finds and runs the test. The function has one of two forms.
///
/// An `async fn` is the program of a host `client`, which is alone in its world. So what talks to
/// itself over the loopback can run on both engines:
///
/// ```ignore
/// #[minato::test(engine = "all", seeds = 100)]
/// async fn an_echo_echoes() -> std::io::Result<()> {
///     let listener = minato::net::TcpListener::bind("127.0.0.1:0").await?;
///     minato::spawn(echo(listener.local_addr()?));
///     let (stream, _) = listener.accept().await?;
///     // ...
///     Ok(())
/// }
/// ```
///
/// A function that takes a `&mut Scenario` describes hosts and faults itself:
///
/// ```ignore
/// #[minato::test(engine = "sim", seeds = 1_000)]
/// fn ships_find_the_harbour(sim: &mut minato::sim::Scenario) {
///     sim.host("harbour", |_| harbour());
///     sim.client("ship", |_| ship("harbour:7000"));
///     sim.faults(minato::sim::Swarm::all());
/// }
/// ```
///
/// The options of runtimes (`flavor`, `worker_threads`, `start_paused`, `name`) are refused with
/// `engine = "sim"`; with `engine = "all"` they are those of the run on the operating system.
///
/// # Panics
///
/// The test panics, and so fails, if the runtime cannot be built or the sweep fails.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Attribute::Test, options, item)
}
