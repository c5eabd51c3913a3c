//! The program that libFuzzer drives, on the target that the variable `MINATO_FUZZ_TARGET` names.
//! Built without `--cfg minato_fuzz` it runs a target once on each file that it is given.
#![cfg_attr(minato_fuzz, no_main, allow(dead_code, reason = "libFuzzer has its own beginning"))]

#[cfg(minato_fuzz)]
mod driven;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        let names: Vec<&str> = minato_fuzz::TARGETS.iter().map(|(name, _)| *name).collect();
        eprintln!("usage: fuzz TARGET FILE..., where a target is one of {}", names.join(", "));
        std::process::exit(2);
    };
    minato_fuzz::hide_expected();
    let run = minato_fuzz::target(&name);
    for file in arguments {
        run(&std::fs::read(&file)?);
        println!("{file}: nothing is wrong");
    }
    Ok(())
}
