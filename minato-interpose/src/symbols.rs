//! The functions: their list, the symbols, and the way from these to an answer or to the system.

/// Calls the macro `$how` of this crate with the given tokens in brackets, and all functions of the
/// C library that have answers.
#[doc(hidden)]
#[macro_export]
macro_rules! functions {
    ($how:ident $($with:tt)*) => {
        $crate::$how! { [$($with)*]
            fn getrandom(buffer: *mut c_void, len: usize, flags: c_uint) -> isize;
            fn getentropy(buffer: *mut c_void, len: usize) -> c_int;
            fn clock_gettime(clock: c_int, time: *mut timespec) -> c_int;
            fn gettimeofday(time: *mut timeval, zone: *mut c_void) -> c_int;
            fn time(time: *mut time_t) -> time_t;
            fn nanosleep(time: *const timespec, left: *mut timespec) -> c_int;
            fn clock_nanosleep(
                clock: c_int, flags: c_int, time: *const timespec, left: *mut timespec
            ) -> c_int;
            // Seven words, of which a call may give fewer: like the C library's own, this hands on
            // what lies where they would be.
            fn syscall(
                number: c_long, a: c_long, b: c_long, c: c_long, d: c_long, e: c_long, f: c_long
            ) -> c_long;
            fn sched_getaffinity(process: pid_t, size: usize, set: *mut cpu_set_t) -> c_int;
            fn gethostname(name: *mut c_char, len: usize) -> c_int;
            fn getaddrinfo(
                node: *const c_char, service: *const c_char, hints: *const addrinfo,
                result: *mut *mut addrinfo
            ) -> c_int;
            fn freeaddrinfo(list: *mut addrinfo) -> ();
            fn bind(descriptor: c_int, address: *const sockaddr, len: socklen_t) -> c_int;
            fn listen(descriptor: c_int, backlog: c_int) -> c_int;
            fn connect(descriptor: c_int, address: *const sockaddr, len: socklen_t) -> c_int;
            fn getsockname(descriptor: c_int, address: *mut sockaddr, len: *mut socklen_t) -> c_int;
            fn getpeername(descriptor: c_int, address: *mut sockaddr, len: *mut socklen_t) -> c_int;
            fn accept(descriptor: c_int, address: *mut sockaddr, len: *mut socklen_t) -> c_int;
            fn accept4(
                descriptor: c_int, address: *mut sockaddr, len: *mut socklen_t, flags: c_int
            ) -> c_int;
            fn shutdown(descriptor: c_int, how: c_int) -> c_int;
            fn read(descriptor: c_int, buffer: *mut c_void, len: usize) -> isize;
            fn readv(descriptor: c_int, buffers: *const iovec, count: c_int) -> isize;
            fn recv(descriptor: c_int, buffer: *mut c_void, len: usize, flags: c_int) -> isize;
            fn recvfrom(
                descriptor: c_int, buffer: *mut c_void, len: usize, flags: c_int,
                address: *mut sockaddr, address_len: *mut socklen_t
            ) -> isize;
            fn recvmsg(descriptor: c_int, message: *mut msghdr, flags: c_int) -> isize;
            fn write(descriptor: c_int, buffer: *const c_void, len: usize) -> isize;
            fn writev(descriptor: c_int, buffers: *const iovec, count: c_int) -> isize;
            fn send(descriptor: c_int, buffer: *const c_void, len: usize, flags: c_int) -> isize;
            fn sendto(
                descriptor: c_int, buffer: *const c_void, len: usize, flags: c_int,
                address: *const sockaddr, address_len: socklen_t
            ) -> isize;
            fn sendmsg(descriptor: c_int, message: *const msghdr, flags: c_int) -> isize;
            fn poll(list: *mut pollfd, count: nfds_t, timeout: c_int) -> c_int;
            fn ppoll(
                list: *mut pollfd, count: nfds_t, timeout: *const timespec, signals: *const sigset_t
            ) -> c_int;
            fn epoll_wait(
                queue: c_int, events: *mut epoll_event, count: c_int, timeout: c_int
            ) -> c_int;
            fn posix_spawn(
                process: *mut pid_t, file: *const c_char, actions: *const c_void,
                attributes: *const c_void, arguments: *const *mut c_char,
                environment: *const *mut c_char
            ) -> c_int;
            fn posix_spawnp(
                process: *mut pid_t, file: *const c_char, actions: *const c_void,
                attributes: *const c_void, arguments: *const *mut c_char,
                environment: *const *mut c_char
            ) -> c_int;
            fn fork() -> pid_t;
        }
    };
}

/// Defines the functions of the C library that a world answers, in the crate that calls this. They
/// come before the C library's own in the whole program. The argument is a [`Place`](crate::Place).
#[macro_export]
macro_rules! symbols {
    ($place:ty) => {
        $crate::functions! { define_symbols $place }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! define_symbols {
    (
        [$place:ty]
        $(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*
    ) => {
        #[allow(unsafe_code, missing_docs)]
        const _: () = {
            use $crate::symbols::types::*;
            $(
                #[unsafe(no_mangle)]
                unsafe extern "C" fn $name($($argument: $type),*) -> $result {
                    // SAFETY: the caller keeps to what the C library's function asks for.
                    unsafe { $crate::symbols::calls::$name::<$place>($($argument),*) }
                }
            )*
        };
    };
}

/// Defines for each function the call that answers it or hands it to the system.
#[doc(hidden)]
#[macro_export]
macro_rules! define_calls {
    ([] $(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {$(
        /// # Safety
        ///
        /// What the C library's function of that name asks for.
        pub unsafe fn $name<P: Place>($($argument: $type),*) -> $result {
            static SYSTEM: AtomicUsize = AtomicUsize::new(0);
            // SAFETY: the caller has kept to what the function asks for.
            if let Some(answer) = unsafe { answers::$name::<P>($($argument),*) } {
                return answer;
            }
            let system = system(&SYSTEM, concat!(stringify!($name), "\0"));
            // SAFETY: the C library's function of this name has this type, and the caller has kept
            // to what it asks for.
            unsafe {
                let system: unsafe extern "C" fn($($type),*) -> $result =
                    std::mem::transmute(system);
                system($($argument),*)
            }
        }
    )*};
}

/// The types of the functions.
pub mod types {
    pub use libc::{
        addrinfo, cpu_set_t, epoll_event, iovec, msghdr, nfds_t, pid_t, pollfd, sigset_t, sockaddr,
        socklen_t, time_t, timespec, timeval,
    };
    pub use std::ffi::{c_char, c_int, c_long, c_uint, c_void};
}

/// The functions as the symbols call them.
pub mod calls {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::types::*;
    use crate::{Place, answers};

    crate::functions! { define_calls }

    /// The system's function of this name, which ends with a zero.
    pub(crate) fn system(known: &AtomicUsize, name: &'static str) -> usize {
        let address = known.load(Ordering::Relaxed);
        if address != 0 {
            return address;
        }
        // SAFETY: the name is a text that ends.
        let address = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr().cast()) } as usize;
        assert_ne!(address, 0, "the C library has no function {name}");
        known.store(address, Ordering::Relaxed);
        address
    }
}
