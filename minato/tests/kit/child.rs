//! Running a test's body in a process of its own, for what concerns a whole process.

use std::process::{Command, Output, Stdio};

use super::watchdog;

const VARIABLE: &str = "MINATO_TEST_CHILD";

/// Runs `body` in a fresh process. The test `name` of this program calls this, is started again
/// in the fresh process, and arrives here again. The parent gets what the child printed.
#[track_caller]
pub(crate) fn in_child(name: impl AsRef<str>, body: impl FnOnce()) -> Option<Output> {
    in_child_with(name, |_| {}, body)
}

/// Like [`in_child`], after `change` has set the process up.
#[track_caller]
pub(crate) fn in_child_with(
    name: impl AsRef<str>,
    change: impl FnOnce(&mut Command),
    body: impl FnOnce(),
) -> Option<Output> {
    let name = name.as_ref();
    if is_child(name) {
        let _watched = watchdog::watch(name.to_owned());
        body();
        return None;
    }
    let mut command = child_command(name);
    change(&mut command);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let status = output.status;
    assert!(status.success(), "the child of {name} failed ({status}):\n{text}\n{errors}");
    assert!(text.contains("1 passed"), "there is no test of the name {name}:\n{text}\n{errors}");
    Some(output)
}

/// How the child of the test `name` is started.
pub(crate) fn child_command(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(child_arguments(name)).env(VARIABLE, name).env_remove("MINATO_FORBID_IMPLICIT");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn child_arguments(name: &str) -> [&str; 4] {
    ["--exact", name, "--nocapture", "--test-threads=1"]
}

/// Whether this process is the child of the test `name`.
pub(crate) fn is_child(name: &str) -> bool {
    std::env::var(VARIABLE).is_ok_and(|child| child == name)
}

/// The path of the test that calls it within its binary.
macro_rules! own_name {
    ($name:ident) => {{
        let module = module_path!().split_once("::").map_or("", |(_, module)| module);
        format!("{module}::{}", stringify!($name))
    }};
}

pub(crate) use own_name;
