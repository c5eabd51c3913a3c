//! Starting the program and waiting for its end.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minato"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs the program to its end, which it must come to by itself.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    end(program(arguments))
}

/// The same in a folder.
pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Ended {
    let mut program = program(arguments);
    program.current_dir(folder);
    end(program)
}

fn end(mut program: Command) -> Ended {
    let output = program.output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A server that has said where it listens.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child =
            program(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.split([' ', ',']).find_map(|word| word.parse().ok());
        let address = address.unwrap_or_else(|| {
            let mut error = String::new();
            stderr.read_to_string(&mut error).unwrap();
            panic!("no address in {line:?}; the program says: {error}")
        });
        Self { child, stdout, stderr, address }
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&self) {
        self.signal("-INT");
    }

    pub(crate) fn signal(&self, signal: &str) {
        let number = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &number]).status().unwrap().success());
    }

    /// The next line on standard error.
    pub(crate) fn complaint(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line
    }

    /// Waits for the end, a minute at most.
    pub(crate) fn end(mut self) -> Ended {
        for _ in 0..6_000 {
            let Some(status) = self.child.try_wait().unwrap() else {
                thread::sleep(Duration::from_millis(10));
                continue;
            };
            let (mut stdout, mut stderr) = (String::new(), String::new());
            self.stdout.read_to_string(&mut stdout).unwrap();
            self.stderr.read_to_string(&mut stderr).unwrap();
            return Ended { code: status.code(), stdout, stderr };
        }
        panic!("the program does not end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
