//! The examples are the `[[example]]` programs beside this file.
