//! `cargo minato run`, `test` and the like: cargo with the crate that plays tokio, and with a lock
//! file of its own.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use cargo_metadata::Metadata;
use sha2::{Digest, Sha256};

use crate::arguments::{Arguments, Shared};
use crate::cargo::{self, Cargo};
use crate::outcome::{Context, Outcome};
use crate::prepare::Recipe;
use crate::source::{VERSION, hexadecimal};
use crate::{graph, lock};

/// The variables by which a program learns the engine and the seed.
const ENGINE: &str = "MINATO_ENGINE";
const SEED: &str = "MINATO_SEED";

/// What the mark of a folder that holds nothing of value starts with, for all programs.
const CACHE_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n";

/// A project of the user's.
pub(crate) struct Project {
    cargo: Cargo,
    shared: Shared,
    /// The folder of its workspace.
    pub(crate) root: PathBuf,
    /// Where everything of ours is: below the folder in which cargo builds.
    base: PathBuf,
    /// The text of its lock file, if there is one.
    lock: Option<String>,
}

/// Tokio's place is taken.
pub(crate) struct Replaced {
    folder: PathBuf,
    lock: PathBuf,
    graph: Metadata,
    raised: Vec<lock::Raised>,
}

/// `cargo minato COMMAND`: becomes cargo.
pub(crate) fn run(command: &str, mut arguments: Arguments) -> Outcome<ExitCode> {
    let minato = arguments.value("--minato")?.map(PathBuf::from);
    let is_test = command == "test";
    let mut for_tests = |name| if is_test { arguments.value(name) } else { Ok(None) };
    let (engine, seed) = (for_tests("--engine")?, for_tests("--seed")?);
    if let Some(engine) = engine.as_ref().filter(|engine| !["os", "sim"].contains(&engine.as_str()))
    {
        return Err(format!("there is no engine `{engine}`: --engine wants `os` or `sim`"));
    }
    if let Some(seed) = seed.as_ref().filter(|seed| seed.parse::<u64>().is_err()) {
        return Err(format!("--seed wants a number of 64 bits, and `{seed}` is none"));
    }
    let project = Project::new(arguments.shared())?;
    let recipe = Recipe::new(minato, is_test)?;
    let replaced = project.replace(&recipe)?;
    if !project.shared.is_quiet {
        eprintln!("{}", replaced.line(&recipe));
    }
    let mut call = project.cargo.command(command, &replaced.lock);
    call.args(cargo::patch(&replaced.folder)).args(arguments.rest());
    call.envs(engine.map(|engine| (ENGINE, engine))).envs(seed.map(|seed| (SEED, seed)));
    // Cargo takes the place of this process, and with it come signals and the exit status.
    Err(format!("cargo cannot be started: {}", call.exec()))
}

impl Project {
    /// The project that the arguments name, or that is in this folder.
    pub(crate) fn new(shared: Shared) -> Outcome<Project> {
        let metadata = cargo::project(&shared)?;
        let named = shared.target_dir.as_ref();
        let target = named.map_or(metadata.target_directory.clone().into(), PathBuf::clone);
        let current = env::current_dir().map_err(|error| format!("the current folder: {error}"))?;
        let target = current.join(target);
        let base = target.join("minato");
        let is_new = !target.exists();
        fs::create_dir_all(&base).context(&base)?;
        if is_new {
            // Cargo marks the folder for programs that make backups only if it makes it.
            let tag = target.join("CACHEDIR.TAG");
            fs::write(&tag, CACHE_TAG).context(&tag)?;
        }
        // Cargo compares paths by their letters.
        let base = base.canonicalize().context(&base)?;
        let lock = metadata.workspace_root.join("Cargo.lock");
        let text = lock.exists().then(|| fs::read_to_string(&lock).context(lock.as_std_path()));
        let root = metadata.workspace_root.into();
        Ok(Project { cargo: Cargo::new(&base)?, shared, root, base, lock: text.transpose()? })
    }

    /// The project's graph as plain cargo has it.
    pub(crate) fn graph(&self) -> Outcome<Metadata> {
        let scratch = cargo::scratch(&self.base)?;
        let lock = scratch.path().join("Cargo.lock");
        if let Some(text) = &self.lock {
            fs::write(&lock, text).context(&lock)?;
        }
        let graph = self.cargo.plain_metadata(&lock, &self.shared)?;
        let is_same = fs::read_to_string(&lock).ok().as_ref() == self.lock.as_ref();
        match self.shared.is_locked && !is_same {
            true => {
                Err("Cargo.lock does not fit Cargo.toml, and --locked forbids to make up for it"
                    .into())
            }
            false => Ok(graph),
        }
    }

    /// What prevents that tokio is replaced in its graph.
    pub(crate) fn obstacles(&self, graph: &Metadata) -> Vec<graph::Problem> {
        graph::obstacles(graph, None, self.lock.as_deref().unwrap_or_default())
    }

    /// The targets that it is built for.
    pub(crate) fn targets(&self) -> Vec<String> {
        let named = self.shared.targets.clone();
        if named.is_empty() { vec![self.cargo.host.clone()] } else { named }
    }

    /// Puts the crate in tokio's place, and makes sure that it is there.
    pub(crate) fn replace(&self, recipe: &Recipe) -> Outcome<Replaced> {
        let lock = self.base.join(format!("lock-{}", self.lock_key(recipe)?)).join("Cargo.lock");
        // Where the lock file is, all this was looked at before it was made.
        let is_new = !lock.exists();
        if is_new || self.shared.is_locked {
            refuse(&self.obstacles(&self.graph()?))?;
        }
        let folder = recipe.place(&self.base, self.shared.is_offline)?;
        let graph =
            if is_new { self.make_lock(&lock, &folder)? } else { self.played(&lock, &folder)? };
        let text = fs::read_to_string(&lock).context(&lock)?;
        let raised = self.lock.as_ref().map(|project| lock::raised(project, &text)).transpose()?;
        let raised = raised.unwrap_or_default();
        if self.shared.is_locked && !raised.is_empty() {
            return Err(format!(
                "--locked forbids to raise what Minato needs newer than Cargo.lock has it: {}\n  \
                 what to do: leave --locked out, which does not change Cargo.lock either, or \
                 raise them there with `cargo update`",
                list(&raised)
            ));
        }
        Ok(Replaced { folder, lock, graph, raised })
    }

    /// What the lock file depends on.
    fn lock_key(&self, recipe: &Recipe) -> Outcome<String> {
        let mut hash = Sha256::new();
        hash.update(recipe.name());
        hash.update(self.lock.as_deref().unwrap_or_default());
        for manifest in recipe.library.manifests() {
            hash.update(fs::read(&manifest).context(&manifest)?);
        }
        Ok(hexadecimal(&hash.finalize()[..8]))
    }

    /// Makes the lock file. It appears when it is known to work.
    fn make_lock(&self, lock: &Path, folder: &Path) -> Outcome<Metadata> {
        let needs = cargo::graph_of(folder, self.shared.is_offline)?;
        let path = folder.join("Cargo.lock");
        let ours = fs::read_to_string(&path).context(&path)?;
        let scratch = cargo::scratch(&self.base)?;
        let made = scratch.path().join("lock/Cargo.lock");
        fs::create_dir(scratch.path().join("lock")).context(&made)?;
        let text = lock::merge(self.lock.as_deref().unwrap_or_default(), &ours, &needs)?;
        fs::write(&made, text).context(&made)?;
        let graph = self.played(&made, folder)?;
        let place = lock.parent().expect("it has a folder of its own");
        match fs::rename(scratch.path().join("lock"), place) {
            Err(error) if !lock.exists() => Err(error).context(lock),
            // Somebody else may have been faster, with the same.
            _ => Ok(graph),
        }
    }

    /// The graph in which the crate has tokio's place.
    fn played(&self, lock: &Path, folder: &Path) -> Outcome<Metadata> {
        let graph = self
            .cargo
            .metadata_with(folder, lock, &self.shared)
            .map_err(|error| format!("{error}, once Minato is in tokio's place"))?;
        refuse(&graph::obstacles(&graph, Some(folder), ""))?;
        match graph::tokios(&graph).iter().all(|tokio| graph::is_in(tokio, Some(folder))) {
            true => Ok(graph),
            false => Err("cargo took the registry's tokio although Minato was offered for it: \
                 something in the graph excludes what Minato needs. `cargo minato doctor` may know \
                 more"
                .to_string()),
        }
    }
}

/// An error if something prevents that tokio is replaced.
fn refuse(problems: &[graph::Problem]) -> Outcome<()> {
    let fatal: Vec<_> = problems.iter().filter(|problem| problem.is_fatal).collect();
    let texts: Vec<String> = fatal.iter().map(|problem| problem.to_string()).collect();
    if texts.is_empty() { Ok(()) } else { Err(texts.join("\nerror: ")) }
}

fn list<'a>(raised: impl IntoIterator<Item = &'a lock::Raised>) -> String {
    raised.into_iter().map(lock::Raised::to_string).collect::<Vec<_>>().join(", ")
}

impl Replaced {
    /// What replaced what, in one line.
    pub(crate) fn line(&self, recipe: &Recipe) -> String {
        let ours = self.graph.packages.iter().find(|package| recipe.library.is(package));
        let version = ours.map(|minato| minato.version.to_string());
        let (tokio, others): (Vec<_>, Vec<_>) =
            self.raised.iter().partition(|raised| raised.name == "tokio");
        let version = version.unwrap_or_default();
        let mut line = format!("minato: Minato {version} ({}) replaces ", recipe.library);
        line += &match tokio.first() {
            Some(tokio) => format!("tokio {} and plays {VERSION}", tokio.from),
            None => format!("tokio {VERSION}"),
        };
        if !others.is_empty() {
            line += &format!("; raised for it: {}", list(others));
        }
        line
    }
}
