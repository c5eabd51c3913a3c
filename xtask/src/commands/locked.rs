//! How many locked instructions a server executes: those that change a word all processors see.
//!
//! Each takes as long as dozens of others, and no count of instructions tells them apart. Callgrind
//! counts how often each address was executed, and `objdump` knows which of them are locked.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use crate::process;

/// The addresses of the locked instructions of `program`.
pub(super) fn addresses(program: &Path) -> Result<HashSet<u64>, String> {
    let disassembly = process::output(
        Command::new("objdump").args(["--disassemble", "--no-show-raw-insn"]).arg(program),
    )?;
    Ok(disassembly.lines().filter_map(locked).collect())
}

/// The address of a line of a disassembly with a locked instruction.
fn locked(line: &str) -> Option<u64> {
    let (address, instruction) = line.trim_start().split_once(":\t")?;
    // An exchange with memory is locked without being told.
    let is_exchange = instruction.starts_with("xchg") && instruction.contains('(');
    let is_locked = instruction.starts_with("lock ") || is_exchange;
    is_locked.then(|| u64::from_str_radix(address, 16).ok()).flatten()
}

/// How often those at `addresses` of `program` were executed, by callgrind's `profile`: with the
/// addresses of instructions, and without its compression.
pub(super) fn executed(profile: &str, program: &Path, addresses: &HashSet<u64>) -> u64 {
    let (mut is_ours, mut is_call, mut executed) = (false, false, 0);
    for line in profile.lines() {
        if let Some(object) = line.strip_prefix("ob=") {
            is_ours = Path::new(object) == program;
        }
        // The next line has the cost of what was called.
        if line.starts_with("calls=") {
            is_call = true;
        } else if let Some(line) = line.strip_prefix("0x")
            && !std::mem::take(&mut is_call)
            && is_ours
        {
            let words: Vec<_> = line.split_whitespace().collect();
            let [address, .., count] = words[..] else { continue };
            let address = u64::from_str_radix(address, 16);
            if address.is_ok_and(|address| addresses.contains(&address)) {
                executed += count.parse::<u64>().unwrap_or(0);
            }
        }
    }
    executed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locked_instructions_are_known_by_their_prefix_or_as_exchanges_with_memory() {
        let disassembly = "\n0000 <f>:\n  10:\tlock cmpxchg %rcx,(%rdx)\n  18:\txchg   %ax,%ax\n  \
                           1a:\txchg   %rax,0x8(%rdi)\n  1f:\tmov    %rax,(%rdx)\n";
        let addresses: HashSet<_> = disassembly.lines().filter_map(locked).collect();
        assert_eq!(addresses, HashSet::from([0x10, 0x1a]));
        let profile = "ob=/p\nfn=f\n0x10 5 7\n0x18 5 7\ncalls=2 0x10 5\n0x1a 5 900\n0x1a 6 2\n\
                       ob=/other\nfn=g\n0x10 5 50\n";
        assert_eq!(executed(profile, Path::new("/p"), &addresses), 9);
    }
}
