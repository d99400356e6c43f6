//! Aligned columns, one line a row, coloured by the row's tone.

use comfy_table::{Table as Grid, presets};

use crate::machine::Tone;

use super::tone::{bold, paint};

/// A table.
pub struct Table {
    grid: Grid,
    tones: Vec<Tone>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new<const N: usize>(columns: [&str; N]) -> Self {
        let mut grid = Grid::new();
        grid.load_style(presets::NOTHING).set_header(columns.map(str::to_uppercase));
        Self { grid, tones: Vec::new() }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, tone: Tone, cells: [String; N]) {
        self.grid.add_row(cells);
        self.tones.push(tone);
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.tones.is_empty()
    }

    /// The lines: the header, and one for each row.
    pub fn render(&self) -> String {
        let mut text = String::new();
        for (index, line) in self.grid.lines().enumerate() {
            // The style pads every line with one blank on both sides.
            let line = line.strip_prefix(' ').unwrap_or(&line).trim_end();
            let tone = index.checked_sub(1).and_then(|row| self.tones.get(row));
            text.push_str(&tone.map_or_else(|| bold(line), |tone| paint(*tone, line)));
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_each_row_is_one_line() {
        let mut table = Table::new(["id", "title"]);
        table.row(Tone::Neutral, ["a".to_owned(), "short".to_owned()]);
        table.row(Tone::Bad, ["longer".to_owned(), "x".repeat(300)]);
        let text = anstream::adapter::strip_str(&table.render()).to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0], "ID      TITLE");
        assert_eq!(lines[1], "a       short");
        assert_eq!(lines[2], format!("longer  {}", "x".repeat(300)));
    }

    #[test]
    fn a_row_has_the_colour_of_its_tone() {
        let mut table = Table::new(["id"]);
        table.row(Tone::Bad, ["a".to_owned()]);
        assert!(table.render().contains("\u{1b}[31ma\u{1b}[0m"), "{:?}", table.render());
    }
}
