//! What the futures of the helpers have in common.

/// Writes out the future of a helper, from its struct, the bounds with which it polls, what it
/// returns, and its poll. `$this` has the fields by mutable reference. The struct is written where
/// the macro is used, so that a search finds it.
///
/// The future is not `Unpin`, although no field is pinned: what callers pin today must stay pinned,
/// whatever the future holds tomorrow.
macro_rules! helper_future {
    (
        $(#[$doc:meta])+
        pub $keyword:ident $future:ident<
            $($lifetime:lifetime),+ $(, $generic:ident $(: ?$sized:ident)?)+
        > { $($fields:tt)+ }
        where ($($bounds:tt)+) -> $output:ty;
        $(#[$inline:meta])?
        |$this:ident, $cx:ident| $poll:expr
    ) => {
        pin_project_lite::pin_project! {
            $(#[$doc])+
            #[derive(Debug)]
            #[project(!Unpin)]
            #[must_use = "futures do nothing unless you `.await` or poll them"]
            pub $keyword $future<$($lifetime),+ $(, $generic $(: ?$sized)?)+> { $($fields)+ }
        }

        impl<$($lifetime),+ $(, $generic $(: ?$sized)?)+> Future
            for $future<$($lifetime),+ $(, $generic)+>
        where
            $($bounds)+
        {
            type Output = $output;

            $(#[$inline])?
            fn poll(
                self: std::pin::Pin<&mut Self>,
                $cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Self::Output> {
                let $this = self.project();
                $poll
            }
        }
    };
}

pub(super) use helper_future;
