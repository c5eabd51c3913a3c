//! What the attributes make of a function, with a stand-in for the library: its runtime notes how
//! it was built, and polls until the future is done.

use std::cell::RefCell;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::task::Poll;

mod library {
    pub(crate) mod sim {
        use std::fmt::Write;
        use std::future::Future;
        use std::ops::Range;

        use super::runtime::Runtime;
        use crate::BUILT;

        pub(crate) struct Scenario;

        impl Scenario {
            pub(crate) fn client<F: Future>(&mut self, name: &str, program: impl FnOnce(()) -> F) {
                BUILT.with_borrow_mut(|built| _ = write!(built, " client={name}"));
                Runtime.block_on(program(()));
            }
        }

        pub(crate) struct Sweep<F>(F);

        pub(crate) fn sweep<F: Fn(&mut Scenario)>(scenario: F) -> Sweep<F> {
            BUILT.set("sweep".to_owned());
            Sweep(scenario)
        }

        impl<F: Fn(&mut Scenario)> Sweep<F> {
            pub(crate) fn named(self, name: &str) -> Self {
                BUILT.with_borrow_mut(|built| _ = write!(built, " named={name}"));
                self
            }

            pub(crate) fn seeds(self, seeds: Range<u64>) -> Self {
                BUILT.with_borrow_mut(|built| _ = write!(built, " seeds={seeds:?}"));
                self
            }

            pub(crate) fn run(self) {
                (self.0)(&mut Scenario);
            }
        }
    }

    pub(crate) mod runtime {
        use std::future::Future;
        use std::io;
        use std::pin::pin;
        use std::task::{Context, Poll, Waker};

        use crate::BUILT;

        pub(crate) struct Builder(String);

        impl Builder {
            pub(crate) fn new_current_thread() -> Self {
                Builder("current_thread".to_owned())
            }

            pub(crate) fn new_multi_thread() -> Self {
                Builder("multi_thread".to_owned())
            }

            pub(crate) fn worker_threads(&mut self, threads: usize) -> &mut Self {
                self.0 += &format!(" worker_threads={threads}");
                self
            }

            pub(crate) fn start_paused(&mut self, paused: bool) -> &mut Self {
                self.0 += &format!(" start_paused={paused}");
                self
            }

            pub(crate) fn name(&mut self, name: &str) -> &mut Self {
                self.0 += &format!(" name={name}");
                self
            }

            pub(crate) fn build_local(&mut self, (): ()) -> io::Result<Runtime> {
                self.0 += " local";
                self.build()
            }

            pub(crate) fn build(&mut self) -> io::Result<Runtime> {
                BUILT.set(self.0.clone());
                Ok(Runtime)
            }
        }

        pub(crate) struct Runtime;

        impl Runtime {
            pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
                let mut future = pin!(future);
                let mut context = Context::from_waker(Waker::noop());
                loop {
                    if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                        return output;
                    }
                }
            }
        }
    }
}

thread_local! {
    /// How the last runtime on this thread was built.
    static BUILT: RefCell<String> = const { RefCell::new(String::new()) };
}

fn built() -> String {
    BUILT.take()
}

async fn yield_once() {
    let mut yielded = false;
    poll_fn(
        |_| if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending },
    )
    .await;
}

mod main {
    use super::*;

    #[minato_macros::main(crate = "crate::library")]
    async fn main() {
        yield_once().await;
    }

    #[test]
    fn defaults_to_multi_thread() {
        main();
        assert_eq!(built(), "multi_thread");
    }

    #[minato_macros::main(
        crate = "crate::library",
        name = "a \"name\"",
        flavor = "multi_thread",
        worker_threads = 4
    )]
    async fn with_options() {}

    #[minato_macros::main(crate = "crate::library", start_paused = true, flavor = "local")]
    async fn local() {}

    #[minato_macros::main(
        crate = "crate::library",
        flavor = "current_thread",
        start_paused = false
    )]
    async fn on_this_thread() {}

    #[test]
    fn options_reach_the_builder() {
        with_options();
        assert_eq!(built(), "multi_thread worker_threads=4 name=a \"name\"");
        local();
        assert_eq!(built(), "current_thread start_paused=true local");
        on_this_thread();
        assert_eq!(built(), "current_thread");
    }

    #[minato_macros::main(crate = "crate::library")]
    async fn fallible(number: &str) -> Result<u32, Box<dyn std::error::Error>> {
        if number.is_empty() {
            return Err("nothing".into());
        }
        yield_once().await;
        let number: u32 = number.parse()?;
        Ok(number)
    }

    #[test]
    fn arguments_errors_and_early_returns_pass_through() {
        assert_eq!(fallible("7").unwrap(), 7);
        assert_eq!(fallible("").unwrap_err().to_string(), "nothing");
        assert!(fallible("x").unwrap_err().is::<std::num::ParseIntError>());
    }

    #[minato_macros::main(crate = "crate::library")]
    async fn generic<'a, T, const N: usize>(
        values: [T; N],
        mut runtime: &'a str,
        _: &str,
    ) -> (String, &'a str)
    where
        T: fmt::Display,
    {
        runtime = runtime.trim();
        yield_once().await;
        (values.map(|value| value.to_string()).concat(), runtime)
    }

    #[test]
    fn generics_and_a_where_clause_stay_and_our_names_hide_no_one_elses() {
        assert_eq!(generic([1, 2, 3], " a ", ""), ("123".to_owned(), "a"));
    }

    struct Owner(u8);

    impl Owner {
        /// Documented.
        #[must_use = "for nothing else"]
        #[minato_macros::main(crate = "crate::library")]
        pub(crate) async unsafe fn method(&mut self) -> impl Fn(u8) -> u8 + use<> {
            #![allow(unused_variables)]
            let unused = ();
            self.0 += 1;
            let own = self.0;
            move |other| own + other
        }
    }

    #[test]
    fn methods_qualifiers_and_inner_attributes_stay() {
        let mut owner = Owner(1);
        // SAFETY: the method is unsafe in name only.
        let add = unsafe { owner.method() };
        assert_eq!((add(5), owner.0), (7, 2));
    }

    #[minato_macros::main(crate = "crate::library")]
    async fn never() -> ! {
        panic!("it never returns")
    }

    #[test]
    #[should_panic(expected = "it never returns")]
    fn a_function_may_never_return() {
        never()
    }

    macro_rules! made {
        ($(#[$attribute:meta])* $visibility:vis $name:ident -> $output:ty $body:block) => {
            $(#[$attribute])*
            #[minato_macros::main(crate = "crate::library")]
            $visibility async fn $name() -> $output $body
        };
        ($item:item) => {
            #[minato_macros::main(crate = "crate::library")]
            $item
        };
    }

    made!(#[must_use] pub(crate) made_of_parts -> u8 { yield_once().await; 3 });
    made!(
        async fn made_whole() -> u8 {
            4
        }
    );

    #[test]
    fn other_macros_may_make_the_function() {
        assert_eq!((made_of_parts(), made_whole()), (3, 4));
    }
}

mod test {
    use super::*;

    #[minato_macros::test(crate = "crate::library")]
    async fn defaults_to_current_thread() {
        yield_once().await;
        assert_eq!(built(), "current_thread");
    }

    #[minato_macros::test(crate = "crate::library", flavor = "multi_thread", worker_threads = 2)]
    async fn options_reach_the_builder() -> io::Result<()> {
        assert_eq!(built(), "multi_thread worker_threads=2");
        Ok(())
    }

    #[minato_macros::test(crate = "crate::library")]
    #[should_panic(expected = "as it should")]
    async fn other_attributes_of_tests_stay() {
        yield_once().await;
        panic!("as it should");
    }

    #[ignore = "shows that it is ignored: it would fail"]
    #[minato_macros::test(crate = "crate::library")]
    async fn ignored_tests_stay_ignored() {
        panic!("this test is ignored");
    }
}

mod engines {
    use std::cell::Cell;

    use super::*;
    use crate::library::sim::Scenario;

    thread_local! {
        static RUNS: Cell<u32> = const { Cell::new(0) };
    }

    #[minato_macros::test(crate = "crate::library", engine = "sim", seeds = 1_00)]
    /// Documented.
    pub(crate) async fn in_the_world() -> io::Result<()> {
        yield_once().await;
        RUNS.set(RUNS.get() + 1);
        Ok(())
    }

    #[test]
    fn a_body_is_the_client_of_a_scenario() {
        in_the_world();
        assert_eq!(built(), "sweep named=in_the_world seeds=0..100 client=client");
        assert_eq!(RUNS.get(), 1);
    }

    #[minato_macros::test(crate = "crate::library", engine = "sim", seeds = 5..7)]
    fn described(scenario: &mut Scenario) {
        scenario.client("c0", |()| yield_once());
        scenario.client("c1", |()| async {});
    }

    #[test]
    fn a_function_of_a_scenario_describes_one() {
        described();
        assert_eq!(built(), "sweep named=described seeds=5..7 client=c0 client=c1");
    }

    #[minato_macros::test(
        crate = "crate::library",
        engine = "all",
        flavor = "multi_thread",
        worker_threads = 2
    )]
    #[should_panic(expected = "1 run")]
    #[allow(unused_variables, reason = "it is one of the function's own attributes")]
    async fn on_both() {
        let unused = ();
        yield_once().await;
        RUNS.set(RUNS.get() + 1);
        panic!("{} run", RUNS.get());
    }

    #[test]
    fn a_test_of_both_engines_is_two_tests() {
        let panicked = std::panic::catch_unwind(on_both::os).is_err();
        assert_eq!((panicked, &*built()), (true, "multi_thread worker_threads=2"));
        let panicked = std::panic::catch_unwind(on_both::sim).is_err();
        assert_eq!((panicked, &*built()), (true, "sweep named=on_both client=client"));
    }

    #[minato_macros::test(crate = "crate::library", engine = "all", seeds = 3)]
    async fn fallible() -> Result<(), std::num::ParseIntError> {
        let _: u8 = "7".parse()?;
        Ok(())
    }

    #[minato_macros::test(crate = "crate::library", engine = "all", seeds = 3)]
    #[cfg(any())]
    async fn absent() {
        this_is_not_there().await;
    }

    #[minato_macros::test(crate = "crate::library", engine = "os")]
    async fn r#loop() {}

    #[minato_macros::test(crate = "crate::library", engine = "sim")]
    async fn r#match() {}

    #[test]
    fn a_raw_name_is_told_without_its_mark() {
        r#match();
        assert_eq!(built(), "sweep named=match client=client");
        r#loop();
        assert_eq!(built(), "current_thread");
    }
}
