//! What a replica keeps when it crashes.

use std::fs::{self, File};
use std::future::Future;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::message::{Entry, Tag};

/// A place for one entry. What was written is there after a crash if it was synced before.
pub trait Disk: Clone + Send + Sync + 'static {
    /// What was last written, synced or not.
    fn read(&self) -> Entry;

    /// Replaces the entry.
    fn write(&self, entry: Entry);

    /// Returns when everything that was written before would outlive a crash.
    fn sync(&self) -> impl Future<Output = io::Result<()>> + Send;
}

impl Disk for minato::sim::Durable<Entry> {
    fn read(&self) -> Entry {
        minato::sim::Durable::read(self)
    }

    fn write(&self, entry: Entry) {
        minato::sim::Durable::write(self, entry);
    }

    async fn sync(&self) -> io::Result<()> {
        minato::sim::Durable::sync(self).await
    }
}

/// A file of the operating system. Clones are the same file.
#[derive(Clone, Debug)]
pub struct FileDisk {
    path: PathBuf,
    entry: Arc<Mutex<Entry>>,
    /// Held while the file is written.
    writing: Arc<Mutex<()>>,
}

impl FileDisk {
    /// Opens the file, or begins with the entry of a new register.
    ///
    /// # Errors
    ///
    /// If the file can be neither read nor found missing, or is not one of ours.
    pub fn open(path: PathBuf) -> io::Result<FileDisk> {
        let entry = match fs::read_to_string(&path) {
            Ok(text) => parse(&text).ok_or(io::ErrorKind::InvalidData)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Entry::default(),
            Err(error) => return Err(error),
        };
        Ok(FileDisk { path, entry: Arc::new(Mutex::new(entry)), writing: Arc::default() })
    }

    /// Writes what is newest into a new file, which then takes the old one's place.
    fn write_file(&self) -> io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = self.read();
        let new = self.path.with_extension("new");
        let mut file = File::create(&new)?;
        write!(file, "{} {} {}", entry.tag.counter, entry.tag.writer, entry.value)?;
        file.sync_all()?;
        fs::rename(&new, &self.path)
    }
}

fn parse(text: &str) -> Option<Entry> {
    let mut numbers = text.split(' ').map(|number| number.parse().ok());
    let mut next = || numbers.next().flatten();
    Some(Entry { tag: Tag { counter: next()?, writer: next()? }, value: next()? })
}

impl Disk for FileDisk {
    fn read(&self) -> Entry {
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, entry: Entry) {
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = entry;
    }

    async fn sync(&self) -> io::Result<()> {
        let disk = self.clone();
        minato::task::spawn_blocking(move || disk.write_file()).await?
    }
}
