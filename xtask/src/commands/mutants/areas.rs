//! The areas that mutants are drawn from, and the tests that concern each.

/// Some files of the library, and their tests.
pub(super) struct Area {
    pub(super) name: &'static str,
    /// The starts of their paths.
    pub(super) files: &'static [&'static str],
    /// Test binaries with the filters that are given to them, the quickest first. `lib` has the
    /// unit tests.
    pub(super) tests: &'static [Tests],
}

pub(super) type Tests = (&'static str, &'static [&'static str]);

/// A sweep over hosts that meet nearly every fault: it uses all areas at once.
const SERVICE: Tests = ("runtime", &["a_service_survives_its_sweep"]);

/// What tasks do that runtimes run; not what takes long, such as forks.
const TASKS: Tests = (
    "runtime",
    &[
        "block_on::",
        "blocking::",
        "coop::",
        "fairness::",
        "id::",
        "join::",
        "join_set::",
        "local::",
        "local_key::",
        "local_set::",
        "memory::",
        "nested::",
        "panics::",
        "parks::",
        "shutdown::",
    ],
);

pub(super) const AREAS: &[Area] = &[
    Area {
        name: "engine",
        files: &["minato/src/engine/"],
        tests: &[
            ("lib", &["engine::", "reactor::", "net::"]),
            SERVICE,
            ("sockets", &["conformance::", "async_fd::"]),
            ("tcp", &[]),
        ],
    },
    Area {
        name: "reactor",
        files: &["minato/src/reactor/"],
        tests: &[("lib", &["reactor::"]), SERVICE, ("tcp", &[]), ("time", &[]), TASKS],
    },
    Area {
        name: "task",
        files: &["minato/src/task/"],
        tests: &[("lib", &["task::", "runtime::"]), SERVICE, TASKS],
    },
    Area {
        name: "time",
        files: &["minato/src/time/"],
        tests: &[("lib", &["time::"]), ("time", &[])],
    },
    Area {
        name: "socket",
        files: &[
            "minato/src/net/backoff.rs",
            "minato/src/net/datagram.rs",
            "minato/src/net/forms.rs",
            "minato/src/net/halves.rs",
            "minato/src/net/io.rs",
            "minato/src/net/listener.rs",
            "minato/src/net/registration.rs",
            "minato/src/net/socket.rs",
            "minato/src/net/stream.rs",
        ],
        tests: &[("lib", &["net::"]), SERVICE, ("tcp", &[]), ("sockets", &[])],
    },
];

impl Area {
    pub(super) fn has(&self, file: &str) -> bool {
        self.files.iter().any(|start| file.starts_with(start))
    }
}
