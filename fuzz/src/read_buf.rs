//! `ReadBuf`: its three parts, and which bytes were ever written.

use std::mem::MaybeUninit;

use arbitrary::{Arbitrary, Unstructured};
use minato::io::ReadBuf;

use crate::panics::panics_if;

#[derive(Arbitrary, Debug)]
enum Operation {
    Put(Vec<u8>),
    InitializeTo(u8),
    Initialize,
    Advance(u8),
    AdvanceFar,
    SetFilled(u8),
    Clear,
    /// Writes into what is initialized beyond the filled part.
    Write(u8, u8),
    /// Changes a filled byte.
    Change(u8, u8),
    /// Fills a part of at most so many bytes, and counts so many of what was put there.
    Take(u8, Vec<u8>, u8),
    /// Writes bytes and says so.
    AssumeInitialized(Vec<u8>),
}

/// What the buffer must hold.
struct Model {
    capacity: usize,
    filled: usize,
    /// What was ever written, from the first byte on.
    initialized: Vec<u8>,
}

impl Model {
    fn remaining(&self) -> usize {
        self.capacity - self.filled
    }

    fn initialize_to(&mut self, end: usize) {
        self.initialized.resize(self.initialized.len().max(end), 0);
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        self.initialize_to(at + bytes.len());
        self.initialized[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn compare(&self, buf: &mut ReadBuf<'_>) {
        assert_eq!((buf.capacity(), buf.remaining()), (self.capacity, self.remaining()));
        assert_eq!(buf.initialized(), self.initialized);
        assert_eq!(buf.filled(), &self.initialized[..self.filled]);
        assert_eq!(buf.filled_mut(), &self.initialized[..self.filled]);
        assert_eq!(buf.initialized_mut(), self.initialized);
    }
}

/// Does what the input says.
pub(crate) fn run(input: &[u8]) {
    let mut input = Unstructured::new(input);
    let Ok((capacity, written)) = input.arbitrary::<(u8, bool)>() else { return };
    let capacity = capacity as usize % 96;
    let (mut bytes, mut memory) = (vec![7; capacity], vec![MaybeUninit::uninit(); capacity]);
    let initialized = if written { bytes.clone() } else { Vec::new() };
    let mut model = Model { capacity, filled: 0, initialized };
    let mut buf = if written { ReadBuf::new(&mut bytes) } else { ReadBuf::uninit(&mut memory) };
    model.compare(&mut buf);
    while let Ok(operation) = input.arbitrary::<Operation>() {
        step(operation, &mut buf, &mut model);
        model.compare(&mut buf);
        if input.is_empty() {
            break;
        }
    }
}

fn step(operation: Operation, buf: &mut ReadBuf<'_>, model: &mut Model) {
    match operation {
        Operation::Put(bytes) => put(&bytes, buf, model),
        Operation::InitializeTo(length) => {
            let (length, end) = (length as usize, model.filled + length as usize);
            let expected = end > model.capacity;
            let given = panics_if(expected, || buf.initialize_unfilled_to(length).to_vec());
            if let Some(given) = given {
                model.initialize_to(end);
                assert_eq!(given, model.initialized[model.filled..end]);
            }
        }
        Operation::Initialize => {
            model.initialize_to(model.capacity);
            assert_eq!(buf.initialize_unfilled(), &model.initialized[model.filled..]);
        }
        Operation::Advance(length) => advance(length as usize, buf, model),
        Operation::AdvanceFar => drop(panics_if(model.filled > 0, || {
            if model.filled > 0 {
                buf.advance(usize::MAX);
            }
        })),
        Operation::SetFilled(filled) => {
            let filled = filled as usize;
            if panics_if(filled > model.initialized.len(), || buf.set_filled(filled)).is_some() {
                model.filled = filled;
            }
        }
        Operation::Clear => {
            buf.clear();
            model.filled = 0;
        }
        Operation::Write(at, byte) => {
            let at = model.filled + at as usize;
            if at < model.initialized.len() {
                buf.initialized_mut()[at] = byte;
                model.initialized[at] = byte;
            }
        }
        Operation::Change(at, byte) => {
            if let Some(place) = buf.filled_mut().get_mut(at as usize) {
                *place = byte;
                model.initialized[at as usize] = byte;
            }
        }
        Operation::Take(length, bytes, counted) => take(length, &bytes, counted, buf, model),
        Operation::AssumeInitialized(bytes) => {
            let count = bytes.len().min(model.remaining());
            write_free(&bytes[..count], buf);
            model.write(model.filled, &bytes[..count]);
        }
    }
}

fn put(bytes: &[u8], buf: &mut ReadBuf<'_>, model: &mut Model) {
    let fits = bytes.len() <= model.remaining();
    if panics_if(!fits, || buf.put_slice(bytes)).is_some() {
        model.write(model.filled, bytes);
        model.filled += bytes.len();
    }
}

fn advance(length: usize, buf: &mut ReadBuf<'_>, model: &mut Model) {
    let expected = model.filled + length > model.initialized.len();
    if panics_if(expected, || buf.advance(length)).is_some() {
        model.filled += length;
    }
}

/// Writes bytes to the free part, which are then initialized.
fn write_free(bytes: &[u8], buf: &mut ReadBuf<'_>) {
    // SAFETY: only initialized bytes are written, and only those are counted.
    unsafe {
        for (place, byte) in buf.unfilled_mut().iter_mut().zip(bytes) {
            place.write(*byte);
        }
        buf.assume_init(bytes.len());
    }
}

/// As a reader does it that reads through a part: what was put there counts in the whole when the
/// whole is told.
fn take(length: u8, bytes: &[u8], counted: u8, buf: &mut ReadBuf<'_>, model: &mut Model) {
    let room = (length as usize).min(model.remaining());
    let mut part = buf.take(length as usize);
    let known = model.initialized.len().saturating_sub(model.filled).min(room);
    assert_eq!((part.capacity(), part.remaining(), part.filled().len()), (room, room, 0));
    assert_eq!(part.initialized(), &model.initialized[model.filled..model.filled + known]);
    let fits = bytes.len() <= room;
    let put = panics_if(!fits, || part.put_slice(bytes)).is_some();
    if put {
        // SAFETY: the part has written so many bytes at the beginning of what is free.
        unsafe { buf.assume_init(bytes.len()) };
        model.write(model.filled, bytes);
        advance((counted as usize).min(bytes.len()), buf, model);
    }
}
