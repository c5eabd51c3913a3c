//! An operation in its three forms, written once: a future that waits, the poll of it, and a try
//! that does not wait.

/// Gives `$socket`, which has a field `socket: Socket`, operations in three forms. What is checked
/// before anything waits comes after `check`. After `poll` comes what the poll has instead, where
/// its buffer or its result is another.
macro_rules! forms {
    ($socket:ty, $interest:ident, $direction:ident; $(
        $(#[$doc:meta])+
        fn $name:ident, $poll:ident, $attempt:ident (&$self:ident $(, $arg:ident: $type:ty)*)
            -> $result:ty $(; check $check:expr;)? { $operation:expr }
        $(poll $poll_args:tt -> $poll_result:ty { $poll_operation:expr })?
    )+) => {
        impl $socket {
            $(
                $(#[$doc])+
                pub async fn $name($self: &Self $(, $arg: $type)*) -> std::io::Result<$result> {
                    $($check?;)?
                    $self.socket.io($crate::engine::Interest::$interest, || $operation).await
                }

                $crate::net::forms::forms! {
                    @poll $direction $name $poll $self $([$check])?
                    $($poll_args -> $poll_result { $poll_operation })?
                    ($($arg: $type),*) -> $result { $operation }
                }

                #[doc = concat!(
                    "Like [`", stringify!($name), "`](Self::", stringify!($name),
                    "), without waiting."
                )]
                ///
                /// # Errors
                ///
                /// `WouldBlock` if it would have to wait;
                #[doc = concat!(
                    "else as [`", stringify!($name), "`](Self::", stringify!($name), ")."
                )]
                pub fn $attempt($self: &Self $(, $arg: $type)*) -> std::io::Result<$result> {
                    $($check?;)?
                    $self.socket.try_io($crate::engine::Interest::$interest, || $operation)
                }
            )+
        }
    };
    (
        @poll $direction:ident $name:ident $poll:ident $self:ident $([$check:expr])?
        ($($arg:ident: $type:ty),*) -> $result:ty { $operation:expr }
        $($of_the_others:tt)*
    ) => {
        #[doc = concat!(
            "The poll form of [`", stringify!($name), "`](Self::", stringify!($name), ")."
        )]
        ///
        /// Any number of tasks may wait in each direction at a time; as they become more than 8,
        /// some are woken early.
        ///
        /// # Errors
        ///
        #[doc = concat!("As [`", stringify!($name), "`](Self::", stringify!($name), ").")]
        pub fn $poll(
            $self: &Self,
            cx: &mut std::task::Context<'_>
            $(, $arg: $type)*
        ) -> std::task::Poll<std::io::Result<$result>> {
            $($check?;)?
            $self.socket.poll_io(cx, $crate::engine::Direction::$direction, || {
                $operation.map($crate::net::io::Done::Whole)
            })
        }
    };
}

pub(super) use forms;
