//! The table at the end.

use std::time::Duration;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::drivers::Measured;

/// The figures of one service.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) service: &'static str,
    pub(super) clients: usize,
    pub(super) measured: Measured,
}

pub(super) fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(["service", "clients", "requests", "rate", "p50", "p99", "p99.9", "errors"]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for Row { service, clients, measured } in rows {
        let rate = measured.requests as f64 / measured.elapsed.as_secs_f64().max(1e-9);
        let quantile = |share| latency(measured.latencies.value_at_quantile(share));
        table.add_row([
            (*service).to_owned(),
            clients.to_string(),
            grouped(measured.requests),
            format!("{}/s", grouped(rate as u64)),
            quantile(0.5),
            quantile(0.99),
            quantile(0.999),
            measured.errors.len().to_string(),
        ]);
    }
    table
}

/// What the table has no column for.
pub(super) fn notes(rows: &[Row]) -> String {
    let bytes: u64 = rows.iter().map(|row| row.measured.bytes).sum();
    let megabytes = grouped(bytes / 1_000_000);
    let mut notes =
        format!("checked:    {megabytes} MB went there and came back, every byte compared");
    let again: u64 = rows.iter().map(|row| row.measured.datagrams_sent_again).sum();
    if again > 0 {
        notes += &format!("\ndatagrams:  {} lost on the way and sent again", grouped(again));
    }
    notes
}

/// A number with commas between its thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn latency(nanoseconds: u64) -> String {
    let milliseconds = Duration::from_nanos(nanoseconds).as_secs_f64() * 1e3;
    if milliseconds < 1.0 {
        return format!("{:.0} us", milliseconds * 1e3);
    }
    format!("{milliseconds:.2} ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn latencies_have_the_unit_that_fits() {
        assert_eq!(latency(412_345), "412 us");
        assert_eq!(latency(1_234_567), "1.23 ms");
        assert_eq!(latency(2_000_000_000), "2000.00 ms");
    }
}
