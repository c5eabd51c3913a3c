//! Futures that stay on their thread.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::cell::{NewTask, Schedule, TaskMeta};
use crate::runtime::{context, report};

/// A future that need not be `Send`, since it is polled and dropped only where it was made.
///
/// A local runtime or a local set does both on its own thread. Should it ever fail to, this ends
/// the process: to go on would be to use the future's data from two threads, and to leave the
/// future out would be to free memory that others on its own thread may point to.
struct Local<F> {
    /// Numbers the thread.
    thread: usize,
    future: ManuallyDrop<F>,
}

/// Makes a task of a future that stays on this thread.
pub(super) fn new_task<F, S>(scheduler: S, meta: TaskMeta, future: F) -> NewTask<F::Output>
where
    F: Future + 'static,
    S: Schedule,
{
    // SAFETY: the future sees to it that it stays on this thread, and the join handle is `Send`
    // only if the output is.
    unsafe { NewTask::from_local(scheduler, meta, Local::new(future)) }
}

impl<F> Local<F> {
    fn new(future: F) -> Self {
        Self { thread: context::thread_number(), future: ManuallyDrop::new(future) }
    }

    fn check(&self) {
        if self.thread != context::thread_number() {
            report("a local task has come to a thread that is not its own");
            std::process::abort();
        }
    }
}

impl<F: Future> Future for Local<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.check();
        // SAFETY: the future is never moved out, and dropped only where it is.
        unsafe { self.map_unchecked_mut(|local| &mut *local.future) }.poll(cx)
    }
}

impl<F> Drop for Local<F> {
    fn drop(&mut self) {
        self.check();
        // SAFETY: this is the one place where it is dropped, and it is not used afterwards.
        unsafe { ManuallyDrop::drop(&mut self.future) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, ExitStatus, Stdio};
    use std::rc::Rc;
    use std::task::Waker;

    #[test]
    fn on_its_own_thread_it_is_the_future() {
        let shared = Rc::new(5);
        let kept = shared.clone();
        let mut local = Box::pin(Local::new(async move { *kept }));
        let polled = local.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(polled, Poll::Ready(5));
        drop(local);
        assert_eq!(Rc::strong_count(&shared), 1);
    }

    /// The test runs itself in a child process, which must not live to its end.
    #[test]
    fn on_another_thread_the_process_ends() {
        const NAME: &str = "task::local::tests::on_another_thread_the_process_ends";
        let run = |how: &str, errors: Stdio| {
            let mut child = Command::new(std::env::current_exe().unwrap());
            child.args(["--exact", NAME, "--nocapture"]).env("MINATO_LOCAL_TEST", how);
            child.stderr(errors).stdout(Stdio::null()).spawn().unwrap().wait_with_output().unwrap()
        };
        let aborted = |status: ExitStatus| status.signal() == Some(libc::SIGABRT);
        let Ok(how) = std::env::var("MINATO_LOCAL_TEST") else {
            for how in ["poll", "drop"] {
                let output = run(how, Stdio::piped());
                let told = String::from_utf8_lossy(&output.stderr);
                assert!(aborted(output.status) && told.contains("not its own"), "{how}: {told}");
                // Nobody reads what it says: it ends all the same, and not by a panic.
                let (reader, writer) = std::io::pipe().unwrap();
                drop(reader);
                assert!(aborted(run(how, writer.into()).status), "{how}");
            }
            return;
        };
        let mut local = Box::pin(Local::new(async {}));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                if how == "drop" {
                    return drop(local);
                }
                _ = local.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                std::process::exit(0);
            });
        });
        std::process::exit(0);
    }
}
