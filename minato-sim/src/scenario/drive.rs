//! What happens in a run, from its first step to its last check.
//!
//! 1. Programs run, and faults begin and heal at their times, until all clients have ended.
//! 2. Everything heals, and the world recovers for the time that the scenario asks for.
//! 3. What is to hold at the end is checked.
//! 4. The programs of all hosts are ended. What is left then has leaked.

use std::time::Duration;

use super::run::Failure;
use super::{Scenario, Stepper, panics};
use crate::plan::{Applied, Plan, duration_text};

/// Why a run stops before its end.
pub(super) enum Stop {
    /// It is no run that could be made.
    Refused(String),
    Failed(Failure),
}

pub(super) struct Drive<'a, S> {
    pub(super) stepper: &'a mut S,
    pub(super) scenario: &'a mut Scenario,
    faults: Applied,
    /// When the last fault has healed.
    healed_at: Duration,
}

impl<'a, S: Stepper> Drive<'a, S> {
    pub(super) fn new(stepper: &'a mut S, scenario: &'a mut Scenario, plan: &Plan) -> Self {
        Self { stepper, scenario, faults: Applied::new(plan), healed_at: plan.end() }
    }

    /// The whole run.
    pub(super) fn run(&mut self) -> Result<(), Stop> {
        self.run_clients()?;
        self.check_escape()?;
        self.faults.end(&self.scenario.world).map_err(refused)?;
        self.run_for(self.scenario.recovery)?;
        self.check_always()?;
        for check in &mut self.scenario.finally {
            if let Some(error) = check(&self.scenario.world) {
                return Err(self.fail(error));
            }
        }
        self.check_leaks()
    }

    /// Runs until all clients have ended. Without clients it runs until all faults have healed.
    fn run_clients(&mut self) -> Result<(), Stop> {
        let has_clients = self.scenario.status.has_clients();
        let deadline = self.healed_at.saturating_add(self.scenario.limit);
        while if has_clients {
            self.scenario.status.has_clients()
        } else {
            self.faults.next_at().is_some()
        } {
            self.faults.advance(&self.scenario.world).map_err(refused)?;
            let next = self.faults.next_at();
            let went_on = self.step(next)?;
            if !went_on && next.is_none() {
                let who = self.unfinished();
                return Err(self.fail(format!("nothing can go on, and {who}")));
            }
            if self.scenario.world.now() > deadline {
                let limit = duration_text(self.scenario.limit);
                let (since, who) = (duration_text(self.healed_at), self.unfinished());
                let since = if self.healed_at.is_zero() {
                    "of virtual time".to_owned()
                } else {
                    format!("after the last fault had healed at {since}")
                };
                return Err(self.fail(format!("{limit} {since}, {who}")));
            }
        }
        Ok(())
    }

    /// Who has not ended.
    fn unfinished(&self) -> String {
        let clients = self.scenario.status.clients();
        let verb = if clients.len() == 1 { "has" } else { "have" };
        format!("{} {verb} not ended", clients.join(", "))
    }

    /// Runs for so much virtual time.
    pub(super) fn run_for(&mut self, time: Duration) -> Result<(), Stop> {
        let end = self.scenario.world.now().saturating_add(time);
        while self.scenario.world.now() < end {
            self.step(Some(end))?;
        }
        Ok(())
    }

    /// Does one thing, and checks what must always hold if that was the end of an instant.
    pub(super) fn step(&mut self, until: Option<Duration>) -> Result<bool, Stop> {
        let before = self.scenario.world.now();
        let went_on = self.stepper.step(until);
        let mut failure = self.scenario.status.failure();
        if failure.is_none() && !self.scenario.tolerates_panics {
            failure = panics::first();
        }
        if let Some(failure) = failure {
            // A task that met the error of an escape has failed because of that.
            self.check_escape()?;
            return Err(self.fail(failure));
        }
        let moved = self.scenario.world.now() != before;
        if moved || !went_on {
            self.check_escape()?;
        }
        if moved {
            self.check_always()?;
        }
        Ok(went_on)
    }

    /// Fails if something has happened that is none of the world's.
    fn check_escape(&self) -> Result<(), Stop> {
        match self.scenario.world.escape().filter(|_| !self.scenario.tolerates_escapes) {
            Some(escape) => Err(self.fail(escape)),
            None => Ok(()),
        }
    }

    fn check_always(&mut self) -> Result<(), Stop> {
        for check in &mut self.scenario.always {
            if let Some(error) = check(&self.scenario.world) {
                return Err(self.fail(error));
            }
        }
        Ok(())
    }

    /// A failure for this reason, now. Only the first line is the reason.
    pub(super) fn fail(&self, reason: String) -> Stop {
        let (reason, more) = reason.split_once('\n').unwrap_or((&reason, ""));
        let mut detail = more.to_owned();
        for host in self.stepper.alive() {
            let count = host.tasks.len();
            detail += &format!("\nhost {}: tasks that are alive: {count}", host.host);
            for task in host.tasks {
                detail += &format!("\n  {task}");
            }
        }
        detail += &format!("\nsockets:\n{}", self.scenario.world.netstat());
        let at = self.scenario.world.now();
        Stop::Failed(Failure { reason: reason.to_owned(), detail, at })
    }
}

fn refused(error: std::io::Error) -> Stop {
    Stop::Refused(error.to_string())
}
