//! What has failed once, in a folder of the package: the lines that replay it, and what the last
//! failure did.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::scenarios::Test;
use crate::in_context;

/// The file of the lines. It is the one to keep under version control.
const LINES: &str = "replay";

const HEAD: &str = "\
# Runs that failed once. `minato sim` runs them first, each by its line; so does
# MINATO_SIM='...' cargo test NAME
";

/// The folder of a test.
pub(super) struct Regressions {
    folder: PathBuf,
}

impl Regressions {
    pub(super) fn new(test: &Test<'_>) -> Regressions {
        let folder = test.binary.folder.join(".minato/regressions").join(&test.binary.target);
        Regressions { folder: folder.join(test.name.replace("::", ".")) }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The lines that were kept, oldest first.
    pub(super) fn lines(&self) -> io::Result<Vec<String>> {
        let path = self.folder.join(LINES);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(in_context(&format!("cannot read {}", path.display()), &error));
            }
        };
        let lines = text.lines().map(str::trim);
        Ok(lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(Into::into)
            .collect())
    }

    /// Keeps a line, unless it is there.
    pub(super) fn keep(&self, line: &str) -> io::Result<()> {
        let known = self.lines()?;
        if known.iter().any(|other| run_of(other) == run_of(line)) {
            return Ok(());
        }
        let path = self.folder.join(LINES);
        let add = || {
            fs::create_dir_all(&self.folder)?;
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            let head = if known.is_empty() { HEAD } else { "" };
            file.write_all(format!("{head}{line}\n").as_bytes())
        };
        add().map_err(|error| in_context(&format!("cannot keep {}", path.display()), &error))
    }

    /// The files beside the lines: the picture, the packets of each host, the text.
    pub(super) fn pictures(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
        let mut paths = paths?;
        paths.retain(|path| path.file_name().is_some_and(|name| name != LINES));
        paths.sort();
        Ok(paths)
    }
}

/// A line without the hash of what the run did, which each change of the program changes.
pub(super) fn run_of(line: &str) -> &str {
    line.rsplit_once(" = ").map_or(line, |(run, _)| run)
}

/// The scenario that a line is of.
pub(super) fn scenario_of(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_kept_once_whatever_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        let regressions = Regressions { folder: folder.path().join("a/b") };
        assert_eq!(regressions.lines().unwrap(), Vec::<String>::new());
        assert_eq!(regressions.pictures().unwrap(), Vec::<PathBuf>::new());
        regressions.keep("register 7 calm = 00000001").unwrap();
        regressions.keep("register 7 calm = 00000002").unwrap();
        regressions.keep("register 8 = 00000003").unwrap();
        let expected = ["register 7 calm = 00000001", "register 8 = 00000003"];
        assert_eq!(regressions.lines().unwrap(), expected);
        assert_eq!(scenario_of(expected[0]), "register");
        fs::write(regressions.folder().join("timeline.svg"), "").unwrap();
        assert_eq!(regressions.pictures().unwrap().len(), 1);
    }
}
