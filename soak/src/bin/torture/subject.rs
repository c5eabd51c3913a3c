//! A process that serves on one of the runtimes, and what can be seen of it from outside.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Runtime;

/// How long anything may take that is to happen at all.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Subject {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Subject {
    /// Starts one that may open so many descriptors.
    pub(crate) fn start(runtime: Runtime, descriptors: u64) -> io::Result<Subject> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", runtime.name(), &descriptors.to_string()]);
        // The others are told by their builders.
        command.env("SMOL_THREADS", "2").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        match line.trim().parse() {
            Ok(address) => Ok(Subject { child, address }),
            Err(_) => {
                child.kill()?;
                child.wait()?;
                Err(io::Error::other("the server has told no address"))
            }
        }
    }

    /// A connection that has told its wish.
    pub(crate) fn connect(&self, wish: u8) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect_timeout(&self.address, LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        stream.set_nodelay(true)?;
        io::Write::write_all(&mut stream, &[wish])?;
        Ok(stream)
    }

    pub(crate) fn descriptors(&self) -> io::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    /// Waits until it has no more descriptors open than this.
    pub(crate) fn wait_for_descriptors(&self, most: usize) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let open = self.descriptors().map_err(|error| error.to_string())?;
            if open <= most {
                return Ok(());
            }
            if begun.elapsed() > LIMIT {
                return Err(format!("{open} descriptors stay open, there were {most}"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The processor time of all its threads.
    pub(crate) fn processor_time(&self) -> io::Result<Duration> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread may end meanwhile.
            let text = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
            nanoseconds += text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The resident memory in bytes.
    pub(crate) fn resident(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        number.map(|kibibytes| kibibytes * 1024).ok_or_else(|| io::Error::other("no VmRSS"))
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait_for_end(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(format!("it ended with {status}")),
                Ok(None) => std::thread::sleep(Duration::from_millis(10)),
                Err(error) => return Err(error.to_string()),
            }
        }
        Err("it has not ended".to_string())
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
