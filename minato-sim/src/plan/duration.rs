//! Durations as text that gives the same duration back: `46.5ms`.

use std::time::Duration;

/// The units, the largest first, with their nanoseconds.
const UNITS: [(&str, u64); 4] = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1)];

/// In the largest unit of which it is at least one, with as many decimals as it needs.
pub(crate) fn text(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let (unit, size) =
        UNITS.into_iter().find(|(_, size)| nanos >= u128::from(*size)).unwrap_or(("s", 1));
    let (whole, part) = (nanos / u128::from(size), nanos % u128::from(size));
    if part == 0 {
        return format!("{whole}{unit}");
    }
    let digits = size.ilog10() as usize;
    let decimals = format!("{part:0digits$}");
    format!("{whole}.{}{unit}", decimals.trim_end_matches('0'))
}

/// Reads such a text.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(end);
    let size = UNITS.into_iter().find(|(name, _)| *name == unit)?.1;
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = size.ilog10() as usize;
    if decimals.is_empty() || (decimals.len() > digits && decimals != "0") {
        return None;
    }
    let part = if digits == 0 { 0 } else { format!("{decimals:0<digits$}").parse().ok()? };
    let nanos = whole.parse::<u64>().ok()?.checked_mul(size)?.checked_add(part)?;
    Some(Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_is_read_back_as_it_was() {
        let texts =
            ["0s", "1ns", "999ns", "1.5us", "46.5ms", "714.800001ms", "1s", "3600.000000001s"];
        for text_of in texts {
            assert_eq!(text(parse(text_of).unwrap()), text_of);
        }
        let mut nanos = 1_u64;
        for step in 0..60 {
            nanos = nanos.wrapping_mul(7).wrapping_add(step) >> 1;
            let duration = Duration::from_nanos(nanos);
            assert_eq!(parse(&text(duration)), Some(duration));
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for wrong in [
            "",
            "5",
            "ms",
            "5m",
            "5 ms",
            ".5ms",
            "5.ms",
            "1.2.3s",
            "-1s",
            "1.5ns",
            "99999999999999999s",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
