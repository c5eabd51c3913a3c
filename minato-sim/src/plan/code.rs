//! A plan as Rust code, to paste into a test.

use std::time::Duration;

use super::form::Parts;
use super::{Fault, Plan, Planned};

impl Plan {
    /// The plan as a Rust expression that stands `indent` spaces from the left.
    ///
    /// ```
    /// # use minato_sim::plan::Plan;
    /// let plan: Plan = "partition a<>b@10ms+20ms".parse().unwrap();
    /// assert_eq!(plan.code(0), "\
    /// Plan::from([
    ///     Fault::partition(\"a\", \"b\")
    ///         .at(Duration::from_millis(10))
    ///         .lasting(Duration::from_millis(20)),
    /// ])");
    /// ```
    pub fn code(&self, indent: usize) -> String {
        if self.faults().is_empty() {
            return "Plan::new()".to_owned();
        }
        let margin = " ".repeat(indent);
        let mut code = "Plan::from([\n".to_owned();
        for Planned { fault, at, lasts } in self.faults() {
            code += &format!("{margin}    {}\n{margin}        .at({})", fault.code(), time(*at));
            if !lasts.is_zero() {
                code += &format!("\n{margin}        .lasting({})", time(*lasts));
            }
            code += ",\n";
        }
        code + &margin + "])"
    }
}

impl Fault {
    fn code(&self) -> String {
        let Parts { constructor, names, parameters, .. } = self.parts();
        let names = names.into_iter().map(|name| format!("{name:?}"));
        let numbers = parameters.into_iter().map(|number| number.code());
        let arguments: Vec<String> = names.chain(numbers).collect();
        format!("Fault::{constructor}({})", arguments.join(", "))
    }
}

/// A duration as code, in the largest unit that gives a whole number.
pub(super) fn time(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    for (name, size) in [("secs", 1_000_000_000), ("millis", 1_000_000), ("micros", 1_000)] {
        if nanos.is_multiple_of(size) {
            return format!("Duration::from_{name}({})", nanos / size);
        }
    }
    format!("Duration::from_nanos({nanos})")
}
