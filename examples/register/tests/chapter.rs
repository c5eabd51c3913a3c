//! docs/SIMULATION.md shows this program, and commands that do what it says.

use std::env;
use std::path::Path;
use std::process::Command;

const CHAPTER: &str = include_str!("../../../docs/SIMULATION.md");

/// The blocks of code whose language is this one.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("\n```{language}\n");
    let rests = CHAPTER.split(&*fence).skip(1);
    rests.map(|rest| rest.split("\n```").next().unwrap_or_default()).collect()
}

#[test]
fn the_code_of_the_chapter_is_that_of_the_test() {
    let blocks = blocks("rust");
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        assert!(include_str!("swarm.rs").contains(block), "{block}");
    }
}

#[test]
fn the_bugs_of_the_chapter_are_those_of_the_program() {
    for bug in ["stale_answers", "no_write_back", "lazy_disk"] {
        assert!(CHAPTER.contains(&format!("| `{bug}` |")), "{bug}");
        assert!(include_str!("../src/lib.rs").contains(&format!("\"{bug}\" =>")), "{bug}");
    }
}

/// Runs each command that the chapter shows with its output, and looks for the lines that are
/// shown. Lines of dots stand for what is left out, and times differ.
#[test]
#[ignore = "it builds and sweeps with optimization, which takes minutes"]
fn the_commands_of_the_chapter_print_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::tempdir().unwrap();
    // Where `minato` is, as it were installed.
    let program = root.join("target/debug/minato");
    std::os::unix::fs::symlink(program.canonicalize().unwrap(), folder.path().join("minato"))
        .unwrap();
    let paths = env::var("PATH").unwrap_or_default();
    let paths = format!("{}:{paths}", folder.path().display());
    for block in blocks("console") {
        let (command, shown) = block.split_once('\n').unwrap_or((block, ""));
        let command = command.strip_prefix("$ ").expect("a block begins with its command");
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(&root).env("PATH", &paths);
        let output = shell.output().unwrap();
        let printed = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        let printed = without_times(&printed.concat());
        for line in shown.lines().filter(|line| line.trim() != "...") {
            assert!(printed.contains(&without_times(line)), "{command}: {line}\n{printed}");
        }
    }
}

/// A text in which no line ends with how long something took.
fn without_times(text: &str) -> String {
    let lines = text.lines().map(|line| match line.rsplit_once(" in ") {
        Some((before, time)) if time.ends_with(" s") => before,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}
