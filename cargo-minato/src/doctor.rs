//! `cargo minato doctor`: what in a project will not work on Minato, why, and what to do.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use cargo_metadata::Metadata;
use cargo_metadata::semver::Version;

use crate::arguments::Arguments;
use crate::graph::Problem;
use crate::outcome::Outcome;
use crate::prepare::Recipe;
use crate::run::Project;

/// What only `tokio_unstable` has.
const UNSTABLE: &str = "tokio_unstable";

/// tokio's features that do nothing without it.
const UNSTABLE_FEATURES: [&str; 4] = ["io-uring", "schedule-latency", "taskdump", "tracing"];

/// Crates that do nothing without it.
const UNSTABLE_CRATES: [&str; 2] = ["console-subscriber", "tokio-console"];

/// The variables that hold flags for rustc.
const FLAGS: [&str; 3] = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"];

/// The command. It fails if the program would not run on Minato.
pub(crate) fn run(mut arguments: Arguments) -> Outcome<ExitCode> {
    let minato = arguments.value("--minato")?.map(PathBuf::from);
    let project = Project::new(arguments.shared())?;
    let graph = project.graph()?;
    let mut problems = project.obstacles(&graph);
    problems.extend(compiler());
    problems.extend(unstable(&graph, &project.root));
    let targets = project.targets();
    problems.extend(targets.iter().filter_map(|target| foreign_target(target)));
    let recipe = Recipe::new(minato, false)?;
    problems.extend(second_minato(&graph, &recipe));
    for problem in &problems {
        let kind = if problem.is_fatal { "error" } else { "warning" };
        println!("{kind}: {problem}");
    }
    if problems.iter().any(|problem| problem.is_fatal) {
        return Ok(ExitCode::FAILURE);
    }
    println!("{}", project.replace(&recipe)?.line(&recipe));
    println!(
        "{}",
        match problems.len() {
            0 => "Nothing is known that would not work.",
            _ => "The rest works, as far as is known.",
        }
    );
    Ok(ExitCode::SUCCESS)
}

/// The compiler may be too old. Cargo asks it for its version, and so does this.
fn compiler() -> Option<Problem> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-V").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = Version::parse(text.split_whitespace().nth(1)?).ok()?;
    let wanted = Version::parse(&format!("{}.0", env!("CARGO_PKG_RUST_VERSION"))).ok()?;
    let is_old = (version.major, version.minor) < (wanted.major, wanted.minor);
    is_old.then(|| {
        Problem::fatal(
            format!("rustc {version} is too old: Minato wants {wanted}"),
            "take a newer one, as by `rustup update`",
        )
    })
}

/// Signs that the unstable part of tokio is used, which Minato does not play.
fn unstable(graph: &Metadata, root: &Path) -> Vec<Problem> {
    let is_set = |name: &&&str| env::var(name).is_ok_and(|flags| flags.contains(UNSTABLE));
    let variables = FLAGS.iter().filter(is_set).map(|name| name.to_string());
    let is_set = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let mut lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
        lines.any(|line| line.contains(UNSTABLE))
    };
    let files = configurations(root).into_iter().filter(is_set);
    let places = variables.chain(files.map(|path| path.display().to_string()));
    let flagged = places.map(|place| {
        Problem::fatal(
            format!("{place} has `--cfg {UNSTABLE}`, and that part of tokio is not played"),
            "take the flag out while the program runs on Minato; code that needs it must be left \
             out, too",
        )
    });
    let crates =
        graph.packages.iter().filter(|package| UNSTABLE_CRATES.contains(&package.name.as_str()));
    let crates = crates.map(|package| format!("{} {}", package.name, package.version));
    let nodes = graph.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let features =
        nodes.filter(|node| graph[&node.id].name == "tokio").flat_map(|node| &node.features);
    let features = features.filter(|name| UNSTABLE_FEATURES.contains(&name.as_str()));
    let features = features.map(|name| format!("tokio's feature `{name}`"));
    let idle = crates.chain(features).map(|what| {
        let what = format!("{what} is in the graph, and will observe nothing");
        Problem::partial(what, "nothing, or use plain cargo where that is what is wanted")
    });
    flagged.chain(idle).collect()
}

/// The files in which cargo looks for its configuration.
fn configurations(root: &Path) -> Vec<PathBuf> {
    let home = env::home_dir().map(|home| home.join(".cargo"));
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or(home);
    let folders = root.ancestors().map(|folder| folder.join(".cargo")).chain(home);
    let mut files: Vec<_> =
        folders.flat_map(|folder| [folder.join("config.toml"), folder.join("config")]).collect();
    files.sort();
    files.dedup();
    files
}

/// Systems for which Minato is not made.
fn foreign_target(target: &str) -> Option<Problem> {
    let system = ["windows", "wasm", "wasi"].into_iter().find(|system| target.contains(system))?;
    let what =
        format!("the target {target} is not supported: Minato is made for Unix, not for {system}");
    Some(Problem::fatal(what, "use plain cargo for this target"))
}

/// A program may use Minato itself, besides tokio.
fn second_minato(graph: &Metadata, recipe: &Recipe) -> Vec<Problem> {
    let minatos = graph
        .packages
        .iter()
        .filter(|package| package.name == "minato" && !recipe.library.is(package));
    let problem = |package: &cargo_metadata::Package| {
        let folder = package.manifest_path.parent().expect("a manifest lies in a folder");
        let what = format!("the program uses Minato itself, from {folder}; another plays tokio");
        let remedy = "name its checkout with --minato: two Minatos have each their own runtimes";
        // A lock file cannot tell two folders from each other.
        match package.source {
            None => Problem::fatal(what, remedy),
            Some(_) => Problem::partial(what, remedy),
        }
    };
    minatos.map(problem).collect()
}
