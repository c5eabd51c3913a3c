//! Where a future by value keeps what it was given.

/// What a future was given, until its success moves it out. An error leaves it here.
#[derive(Debug)]
pub(crate) struct Parts<P> {
    /// The name of the future, for the text of a panic.
    future: &'static str,
    held: Option<P>,
}

impl<P> Parts<P> {
    pub(crate) fn new(future: &'static str, parts: P) -> Self {
        Self { future, held: Some(parts) }
    }

    /// The parts, to work on.
    ///
    /// # Panics
    ///
    /// After [`take`](Self::take), as futures 0.1 has it for one that is done.
    pub(crate) fn get_mut(&mut self) -> &mut P {
        let Self { future, held } = self;
        held.as_mut().unwrap_or_else(|| panic!("poll a {future} after it's done"))
    }

    /// Moves the parts out for the result.
    ///
    /// # Panics
    ///
    /// When they are gone.
    pub(crate) fn take(&mut self) -> P {
        let Self { future, held } = self;
        held.take().unwrap_or_else(|| panic!("poll a {future} after it's done"))
    }

    /// The parts, unless success took them.
    pub(crate) fn into_inner(self) -> Option<P> {
        self.held
    }
}
