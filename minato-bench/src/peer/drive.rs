//! How often a workload that drives itself runs: once, or whenever standard input asks for it.

use std::io::{self, BufRead, Write};

use super::{PeerCommand, Spent};

/// Calls `operate` with the number of operations that it is to do: once with `--count`, or with
/// `--on-demand` for each line `go N` of standard input, until that ends. Prints what was spent.
///
/// # Errors
///
/// Those of `operate`, and `InvalidInput` for a line that is understood by nobody.
pub fn drive(
    command: &PeerCommand,
    mut operate: impl FnMut(u64) -> io::Result<Spent>,
) -> io::Result<()> {
    if command.on_demand {
        return answer(io::stdin().lock(), io::stdout(), operate);
    }
    let spent = operate(command.count)?;
    let (time, cpu) = (spent.time.as_nanos(), spent.cpu.as_nanos());
    println!("operations {} nanoseconds {time} cpu {cpu}", command.count);
    Ok(())
}

fn answer(
    input: impl BufRead,
    mut output: impl Write,
    mut operate: impl FnMut(u64) -> io::Result<Spent>,
) -> io::Result<()> {
    for line in input.lines() {
        let count = demanded(&line?)?;
        let spent = operate(count)?;
        writeln!(output, "done {count} {}", spent.cpu.as_nanos())?;
        output.flush()?;
    }
    Ok(())
}

/// The number in a line `go N`.
fn demanded(line: &str) -> io::Result<u64> {
    let count = line.strip_prefix("go ").and_then(|number| number.parse().ok());
    count.ok_or_else(|| {
        let what = format!("`{line}` on standard input is not `go N`, with N operations");
        io::Error::new(io::ErrorKind::InvalidInput, what)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn spend(nanoseconds: u64) -> io::Result<Spent> {
        let cpu = Duration::from_nanos(nanoseconds);
        Ok(Spent { time: 2 * cpu, cpu })
    }

    #[test]
    fn each_line_is_answered_with_the_cpu_time_of_its_operations() {
        let (mut output, mut asked) = (Vec::new(), Vec::new());
        let operate = |count| {
            asked.push(count);
            spend(count * 10)
        };
        answer(&b"go 3\ngo 0\ngo 70\n"[..], &mut output, operate).unwrap();
        assert_eq!(asked, [3, 0, 70]);
        assert_eq!(String::from_utf8(output).unwrap(), "done 3 30\ndone 0 0\ndone 70 700\n");
    }

    #[test]
    fn other_lines_are_errors_that_quote_them() {
        for line in ["go x", "go", "go -1", "stop", "", "go 1 2"] {
            let error = answer(format!("{line}\n").as_bytes(), Vec::new(), spend).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(&format!("`{line}`")), "{error}");
        }
    }

    #[test]
    fn an_operation_that_fails_ends_it() {
        let mut output = Vec::new();
        let fail = |_| Err(io::Error::other("broken"));
        let error = answer(&b"go 1\ngo 2\n"[..], &mut output, fail).unwrap_err();
        assert_eq!((error.to_string().as_str(), output.len()), ("broken", 0));
    }
}
