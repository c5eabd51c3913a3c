//! The arguments. Most are cargo's and are handed on untouched, so no parser that would have to know
//! all of them is used.

use std::collections::VecDeque;
use std::ffi::OsString;

use crate::outcome::Outcome;

/// The arguments that nothing has taken yet.
pub(crate) struct Arguments {
    left: VecDeque<OsString>,
}

impl Arguments {
    pub(crate) fn new(arguments: impl Iterator<Item = OsString>) -> Arguments {
        Arguments { left: arguments.collect() }
    }

    /// Takes the first argument if it is this.
    pub(crate) fn skip(&mut self, text: &str) {
        if self.left.front().is_some_and(|first| first == text) {
            self.left.pop_front();
        }
    }

    /// Takes the first argument.
    pub(crate) fn next_text(&mut self) -> Outcome<Option<String>> {
        let text = self.left.pop_front().map(OsString::into_string).transpose();
        text.map_err(|text| format!("`{}` is not Unicode", text.display()))
    }

    /// Takes an option without a value, wherever it is before `--`.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let at = self.ours().position(|argument| argument == name);
        at.and_then(|at| self.left.remove(at)).is_some()
    }

    /// Takes an option with its value, `--name value` or `--name=value`.
    pub(crate) fn value(&mut self, name: &str) -> Outcome<Option<String>> {
        let prefix = format!("{name}=");
        let starts =
            |argument: &OsString| argument.as_encoded_bytes().starts_with(prefix.as_bytes());
        let Some(at) = self.ours().position(|argument| argument == name || starts(argument)) else {
            return Ok(None);
        };
        let first = self.left.remove(at).expect("it was found there");
        let value = if first == name { self.left.remove(at) } else { Some(first) };
        let value = value.ok_or_else(|| format!("{name} wants a value"))?;
        let value = value.into_string();
        let value = value.map_err(|_| format!("the value of {name} is not Unicode"))?;
        Ok(Some(value.strip_prefix(&prefix).unwrap_or(&value).to_string()))
    }

    /// An error if something is left.
    pub(crate) fn end(&self) -> Outcome<()> {
        match self.left.front() {
            Some(argument) => Err(format!("unexpected argument `{}`", argument.display())),
            None => Ok(()),
        }
    }

    /// Those before `--`.
    fn ours(&self) -> impl Iterator<Item = &OsString> {
        self.left.iter().take_while(|argument| *argument != "--")
    }
}
