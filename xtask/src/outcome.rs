//! What a step came to.

use std::ops::AddAssign;

/// Tests counted from the output of `cargo test`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) ignored: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    #[default]
    Passed,
    Failed(String),
    Skipped(String),
}

/// A verdict, with the tests that led to it. The default one is that a step without tests passed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) counts: Counts,
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Outcome {
        Outcome { verdict, counts: Counts::default() }
    }
}

impl Outcome {
    pub(crate) fn skipped(why: impl Into<String>) -> Outcome {
        let why = why.into();
        println!("skipped: {why}");
        Verdict::Skipped(why).into()
    }

    /// The outcome of a run: failed if there are problems, each of which is printed.
    pub(crate) fn from_problems(problems: Vec<String>, counts: Counts) -> Outcome {
        problems.iter().for_each(|problem| println!("{problem}"));
        let verdict = match problems.as_slice() {
            [] => Verdict::Passed,
            [problem] => Verdict::Failed(problem.clone()),
            [first, rest @ ..] => Verdict::Failed(format!("{first} (and {} more)", rest.len())),
        };
        Outcome { verdict, counts }
    }

    pub(crate) fn is_failed(&self) -> bool {
        matches!(self.verdict, Verdict::Failed(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_make_a_failure() {
        assert!(!Outcome::from_problems(Vec::new(), Counts::default()).is_failed());
        let two = Outcome::from_problems(vec!["a".into(), "b".into()], Counts::default());
        assert_eq!(two.verdict, Verdict::Failed("a (and 1 more)".into()));
    }
}
