//! Text in columns.

use jiff::Timestamp;

/// Between two columns.
const GAP: &str = "  ";

/// Rows, each column as wide as its widest cell.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table under a heading; [`Table::default`] has none.
    pub fn new(heading: &[&str]) -> Self {
        Self { rows: vec![heading.iter().map(|cell| (*cell).to_owned()).collect()] }
    }

    pub fn push(&mut self, cells: Vec<String>) {
        self.rows.push(cells.iter().map(|cell| printable(cell)).collect());
    }

    /// Its lines, each after `indent`.
    pub fn render(&self, indent: &str) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            let line = cells.collect::<Vec<_>>().join(GAP);
            text.push_str(&format!("{indent}{}\n", line.trim_end()));
        }
        text
    }
}

/// A text as it may go to a terminal: what a shop or the payment provider wrote must not steer it.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// A time in a column whose heading says that it is in UTC.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_steers_the_terminal() {
        let mut table = Table::new(&["ORDER", "REASON"]);
        table.push(vec!["DE--1".into(), "müde".into()]);
        table.push(vec!["Größe--12".into(), "\u{1b}[2Jgone\nnext".into()]);
        table.push(vec!["A".into(), String::new()]);
        let expected = "  ORDER      REASON\n  DE--1      müde\n  Größe--12   [2Jgone next\n  A\n";
        assert_eq!(table.render("  "), expected);
    }
}
