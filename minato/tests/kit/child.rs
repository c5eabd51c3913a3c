//! Running a test's body in a process of its own, for what concerns a whole process.

use std::process::Command;

use super::watchdog;

const VARIABLE: &str = "MINATO_TEST_CHILD";

/// Runs `body` in a fresh process, which runs only this test again. `name` is the path of the test
/// within its binary.
pub(crate) fn in_child(name: String, body: impl FnOnce()) {
    in_child_with(name, |_| {}, body);
}

/// Like [`in_child`], after `change` has set the process up.
pub(crate) fn in_child_with(name: String, change: impl FnOnce(&mut Command), body: impl FnOnce()) {
    let _watched = watchdog::watch(name.clone());
    if std::env::var(VARIABLE).is_ok_and(|asked| asked == name) {
        return body();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([&*name, "--exact", "--nocapture", "--test-threads=1"]).env(VARIABLE, &name);
    change(&mut command);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} in a child: {}\n{text}\n{errors}", output.status);
    assert!(text.contains("1 passed"), "{name} names no test:\n{text}\n{errors}");
}

/// The path of the test that calls it within its binary.
macro_rules! own_name {
    ($name:ident) => {{
        let module = module_path!().split_once("::").map_or("", |(_, module)| module);
        format!("{module}::{}", stringify!($name))
    }};
}

pub(crate) use own_name;
