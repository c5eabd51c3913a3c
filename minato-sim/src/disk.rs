//! Disks: what a host still has after a crash.
//!
//! A disk holds one value. A write changes what the host reads at once, as in a page cache. A sync
//! takes time, and then all writes that came before it are safe. A crash keeps what was synced and
//! any number of the later writes, in their order: how many of them have reached the disk is drawn.

use std::any::{Any, type_name};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::alarm::Alarm;
use crate::arena::Key;
use crate::choice::{below, draw, site};
use crate::errno::{self, fail};
use crate::hash::hash;
use crate::host::{Host, HostId};
use crate::link::Latency;
use crate::queue::Occurrence;
use crate::state::State;
use crate::strikes::FaultKind;

const SYNC: u64 = site("time of a sync");
const SURVIVORS: &str = "writes that a crash keeps";

/// What the disks of a host have in common.
#[derive(Debug)]
pub(crate) struct DiskSettings {
    latency: Latency,
    /// The errors of the next syncs.
    errors: VecDeque<i32>,
}

impl Default for DiskSettings {
    fn default() -> Self {
        let latency = Latency::uniform(Duration::from_micros(100), Duration::from_millis(5));
        DiskSettings { latency, errors: VecDeque::new() }
    }
}

/// What the world keeps about a disk.
pub(crate) struct DiskState {
    host: HostId,
    name: String,
    /// What stands for it in draws.
    key: u64,
    syncs: u64,
    contents: Arc<Mutex<dyn Contents>>,
    /// The same, for handles that know the type.
    pages: Arc<dyn Any + Send + Sync>,
    type_name: &'static str,
}

impl fmt::Debug for DiskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskState").field("host", &self.host).field("name", &self.name).finish()
    }
}

/// A sync that the disk is busy with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SyncEnd {
    disk: usize,
    /// How often the host had crashed when it began.
    crashes: u64,
    /// It is for all writes up to this one.
    write: u64,
    /// The number of the error that it ends with, or 0.
    error: i32,
    alarm: Key,
}

/// The contents of a disk, whatever they are.
trait Contents: Send {
    /// All writes up to this one are safe from now on.
    fn keep_up_to(&mut self, write: u64);
    /// A sync of all writes up to this one has failed.
    fn give_up(&mut self, write: u64);
    fn unsynced(&self) -> u64;
    /// Keeps so many of the writes that were not synced.
    fn crash(&mut self, count: u64);
}

/// What is on a disk, and what is only in memory.
#[derive(Default)]
struct Pages<T> {
    synced: T,
    /// The later writes with their numbers, the oldest first.
    writes: VecDeque<(u64, T)>,
    /// The number of the last write.
    last: u64,
    /// The last write for which a sync has failed. No later sync tries it again.
    given_up: u64,
}

impl<T: Send> Contents for Pages<T> {
    fn keep_up_to(&mut self, write: u64) {
        let end = self.writes.partition_point(|(number, _)| *number <= write);
        // Writes that were given up stay in memory until a later one brings them along.
        if end > 0
            && self.writes[end - 1].0 > self.given_up
            && let Some((_, value)) = self.writes.drain(..end).next_back()
        {
            self.synced = value;
        }
    }

    fn give_up(&mut self, write: u64) {
        self.given_up = self.given_up.max(write);
    }

    fn unsynced(&self) -> u64 {
        self.writes.len() as u64
    }

    fn crash(&mut self, count: u64) {
        if let Some((_, value)) = self.writes.drain(..).take(count as usize).last() {
            self.synced = value;
        }
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A value on a disk of a host. It is cheap to clone, and clones are handles of the same disk.
/// Made by [`Host::disk`].
///
/// The value is data. What clones or drops it must not use the world.
///
/// ```
/// use minato_sim::{Durable, Host, World};
///
/// async fn set(register: &Durable<u32>, value: u32) -> std::io::Result<()> {
///     register.write(value);
///     // Only now is it there after a crash for certain, and may be promised to others.
///     register.sync().await
/// }
///
/// let world = World::new(1);
/// let host = world.host("replica");
/// let register = host.disk("register").unwrap();
/// assert_eq!(register.read(), 0, "the default of its type");
/// let mut setting = std::pin::pin!(set(&register, 5));
/// let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// assert!(setting.as_mut().poll(&mut context).is_pending(), "it takes virtual time");
/// world.advance(None);
/// assert!(setting.as_mut().poll(&mut context).is_ready());
/// # use std::future::Future;
/// ```
pub struct Durable<T> {
    host: Host,
    disk: usize,
    pages: Arc<Mutex<Pages<T>>>,
}

impl Host {
    /// The disk of this name. The first call with a name makes the disk, which holds the default of
    /// its type. Handles of one name are handles of one disk, also after a crash. Hosts have no
    /// disk in common.
    ///
    /// # Errors
    /// `InvalidInput` if the disk was made for another type. The text names the disk and both
    /// types.
    pub fn disk<T: Clone + Default + Send + 'static>(&self, name: &str) -> io::Result<Durable<T>> {
        let mut state = self.world.lock();
        let found = state.disks.iter().position(|disk| disk.host == self.id && disk.name == name);
        let disk = found.unwrap_or_else(|| state.add_disk::<T>(self.id, name));
        let DiskState { pages, type_name: made_for, .. } = &state.disks[disk];
        let Ok(pages) = pages.clone().downcast() else {
            let (host, asked_for) = (&state.host(self.id).name, type_name::<T>());
            let text = format!("the disk {name} of host {host} holds {made_for}, not {asked_for}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        };
        Ok(Durable { host: self.clone(), disk, pages })
    }

    /// How long syncs of this host's disks take from now on. Default: 100 µs to 5 ms.
    ///
    /// # Errors
    /// `InvalidInput` for an empty range.
    pub fn set_sync_time(&self, time: impl Into<Latency>) -> io::Result<()> {
        let time = time.into();
        time.check()?;
        self.world.lock().host_mut(self.id).disk_settings.latency = time;
        Ok(())
    }

    /// Makes the next syncs of this host's disks fail with these errors: one sync for each, in this
    /// order, after the errors of earlier calls. 5 is `EIO`.
    ///
    /// As on Linux, a failed sync is not tried again: the writes that it was for stay in memory,
    /// and later syncs succeed without them. They are safe only once a later write is.
    pub fn fail_syncs(&self, errors: impl IntoIterator<Item = i32>) {
        let errors: Vec<i32> = errors.into_iter().collect();
        self.world.lock().host_mut(self.id).disk_settings.errors.extend(errors);
    }
}

impl<T: Clone + Default + Send + 'static> Durable<T> {
    /// What was written last; after a crash what the disk has kept.
    pub fn read(&self) -> T {
        let pages = lock(&self.pages);
        pages.writes.back().map_or(&pages.synced, |(_, value)| value).clone()
    }

    /// Replaces the value. A crash may undo that until a [`sync`](Self::sync) that begins later has
    /// succeeded. A host that is down writes nothing.
    pub fn write(&self, value: T) {
        let is_down = self.host.world.lock().is_down(self.host.id);
        if is_down {
            return;
        }
        let mut pages = lock(&self.pages);
        pages.last += 1;
        let number = pages.last;
        pages.writes.push_back((number, value));
    }

    /// Changes the value, as [`read`](Self::read) and [`write`](Self::write) do.
    pub fn update(&self, change: impl FnOnce(&mut T)) {
        let mut value = self.read();
        change(&mut value);
        self.write(value);
    }

    /// Waits until all writes before this call are safe from a crash. That takes a drawn time.
    ///
    /// The disk begins at once. Dropping the future does not stop it: nobody learns whether it has
    /// succeeded. Other syncs and writes of the same disk may run meanwhile; a write during a sync
    /// needs a sync of its own.
    ///
    /// # Errors
    /// What [`Host::fail_syncs`] asked for, and `EIO` if the host is down or crashes meanwhile.
    pub fn sync(&self) -> DiskSync {
        let write = lock(&self.pages).last;
        DiskSync(self.host.world.lock().begin_sync(&self.host, self.disk, write))
    }
}

impl<T> Clone for Durable<T> {
    fn clone(&self) -> Self {
        Durable { host: self.host.clone(), disk: self.disk, pages: self.pages.clone() }
    }
}

impl<T> fmt::Debug for Durable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Durable").field("host", &self.host).finish_non_exhaustive()
    }
}

/// A sync that waits for its disk. Made by [`Durable::sync`].
#[derive(Debug)]
#[must_use = "whether the writes are safe is known once it is awaited"]
pub struct DiskSync(Option<Alarm>);

impl Future for DiskSync {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Some(alarm) => alarm.poll(cx),
            None => Poll::Ready(fail(errno::EIO)),
        }
    }
}

impl State {
    fn add_disk<T: Default + Send + 'static>(&mut self, host: HostId, name: &str) -> usize {
        let pages = Arc::new(Mutex::new(Pages::<T>::default()));
        self.disks.push(DiskState {
            host,
            name: name.to_owned(),
            key: hash(self.host(host).key, name.as_bytes()),
            syncs: 0,
            contents: pages.clone(),
            pages,
            type_name: type_name::<T>(),
        });
        self.disks.len() - 1
    }

    /// Begins a sync for all writes up to `write`; `None` if the host is down.
    fn begin_sync(&mut self, host: &Host, disk: usize, write: u64) -> Option<Alarm> {
        if self.is_down(host.id) {
            return None;
        }
        let alarm = Alarm::new(&host.world, self);
        let DiskState { key, syncs, .. } = &mut self.disks[disk];
        *syncs += 1;
        let (key, raw) = (*key, draw(self.choices.seed, SYNC, *key, *syncs));
        let now = self.now;
        let host = self.host_mut(host.id);
        let at = now.saturating_add(host.disk_settings.latency.delay(raw));
        let error = host.disk_settings.errors.pop_front().unwrap_or(0);
        let crashes = host.life.crashes;
        let end = SyncEnd { disk, crashes, write, error, alarm: alarm.key() };
        self.schedule(at, key, Occurrence::SyncEnds(Box::new(end)));
        Some(alarm)
    }

    pub(crate) fn on_sync_end(&mut self, end: SyncEnd) {
        let SyncEnd { disk, crashes, write, error, alarm } = end;
        let DiskState { host, ref contents, .. } = self.disks[disk];
        if self.host(host).life.crashes != crashes {
            return self.ring(alarm, errno::EIO);
        }
        let mut contents = lock(contents);
        if error == 0 {
            contents.keep_up_to(write);
        } else {
            contents.give_up(write);
        }
        drop(contents);
        if error != 0 {
            self.strike(FaultKind::Sync, (Some(host), None));
        }
        self.ring(alarm, error);
    }

    /// Draws for each disk of a host that crashes what it keeps.
    pub(crate) fn crash_disks(&mut self, host: HostId) {
        let crashes = self.host(host).life.crashes;
        for disk in self.disks.iter().filter(|disk| disk.host == host) {
            let mut contents = lock(&disk.contents);
            let raw = draw(self.choices.seed, site(SURVIVORS), disk.key, crashes);
            let possible = contents.unsynced() + 1;
            let count = below(raw, possible);
            contents.crash(count);
            self.journal.choice(self.now, SURVIVORS, disk.key, possible, count);
        }
    }
}
