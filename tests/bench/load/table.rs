//! The table at the end: ratios first, absolute numbers beside them, and what limits.

use super::settings::Settings;

/// One line.
pub struct Line {
    pub measure: String,
    pub ratio: String,
    pub ours: String,
    pub others: String,
    pub goal: &'static str,
}

/// All lines and the remarks below them.
#[derive(Default)]
pub struct Table {
    lines: Vec<Line>,
    remarks: Vec<String>,
}

impl Table {
    /// A comparison.
    pub fn line(
        &mut self,
        measure: impl Into<String>,
        ratio: String,
        ours: String,
        others: String,
        goal: &'static str,
    ) {
        let line = Line { measure: measure.into(), ratio, ours, others, goal };
        eprintln!("  {}: {} | {} | {}", line.measure, line.ratio, line.ours, line.others);
        self.lines.push(line);
    }

    /// A number without a rival.
    pub fn number(&mut self, measure: impl Into<String>, ours: String, goal: &'static str) {
        self.line(measure, String::new(), ours, String::new(), goal);
    }

    /// What limits, or what was checked.
    pub fn remark(&mut self, text: String) {
        eprintln!("  ({text})");
        self.remarks.push(text);
    }

    pub fn print(&self, settings: &Settings) {
        let head = Line {
            measure: "measure".to_owned(),
            ratio: "ratio".to_owned(),
            ours: "Standdown".to_owned(),
            others: "against".to_owned(),
            goal: "goal",
        };
        let all = || std::iter::once(&head).chain(&self.lines);
        let widest = |field: fn(&Line) -> &str| all().map(|line| field(line).chars().count()).max().unwrap_or(0);
        let (measure, ratio) = (widest(|line| &line.measure), widest(|line| &line.ratio));
        let (ours, others) = (widest(|line| &line.ours), widest(|line| &line.others));
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        println!(
            "\n{cores} cores with load generator and target on them, {} s a measure, {} rounds{}; store: {}\n",
            settings.time.as_secs(),
            settings.rounds,
            if settings.quick { " (quick)" } else { "" },
            if settings.store.is_some() { "PostgreSQL" } else { "SQLite, synchronous=FULL" },
        );
        for line in all() {
            println!(
                "{:<measure$}  {:<ratio$}  {:<ours$}  {:<others$}  {}",
                line.measure, line.ratio, line.ours, line.others, line.goal
            );
        }
        println!();
        for remark in &self.remarks {
            println!("- {remark}");
        }
    }
}
