//! What changed between two texts, as the lines that people know from code reviews: unified, with three lines around.
//!
//! It is made for files of a few hundred lines that somebody edited. Texts that have nothing in common are shown as one
//! taken away and one added, rather than compared at a cost that grows with the square of their length.

use std::ops::Range;

/// Lines around a change.
const AROUND: usize = 3;

/// The most comparisons of lines; beyond it, what differs is shown whole.
const COMPARISONS_MAX: usize = 1_000_000;

/// One line of both texts, or of one.
#[derive(Clone, Copy)]
enum Line<'t> {
    Same(&'t str),
    Old(&'t str),
    New(&'t str),
}

/// The lines of a unified comparison of two texts under a name; none if the texts are the same. Characters that would
/// steer a terminal are replaced.
#[must_use]
pub fn unified(name: &str, old: &str, new: &str) -> Vec<String> {
    let lines = compare(&old.lines().collect::<Vec<_>>(), &new.lines().collect::<Vec<_>>());
    let changed = |line: &Line<'_>| !matches!(line, Line::Same(_));
    let places: Vec<usize> = lines.iter().enumerate().filter(|(_, line)| changed(line)).map(|(at, _)| at).collect();
    if places.is_empty() {
        return Vec::new();
    }
    let mut shown = vec![format!("--- {name}, before"), format!("+++ {name}, after")];
    for hunk in hunks(&places, lines.len()) {
        let before = lines.get(..hunk.start).unwrap_or_default();
        let within = lines.get(hunk).unwrap_or_default();
        let place = |skip: fn(&Line<'_>) -> bool| {
            let count = |of: &[Line<'_>]| of.iter().filter(|line| !skip(line)).count();
            let length = count(within);
            format!("{},{length}", count(before) + usize::from(length > 0))
        };
        let olds = place(|line| matches!(line, Line::New(_)));
        let news = place(|line| matches!(line, Line::Old(_)));
        shown.push(format!("@@ -{olds} +{news} @@"));
        shown.extend(within.iter().map(|line| match line {
            Line::Same(text) => format!(" {}", plain(text)),
            Line::Old(text) => format!("-{}", plain(text)),
            Line::New(text) => format!("+{}", plain(text)),
        }));
    }
    shown
}

fn plain(line: &str) -> String {
    let steers = |c: char| c.is_control() && c != '\t';
    line.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The places of changes with what is around them, joined where they touch.
fn hunks(places: &[usize], length: usize) -> Vec<Range<usize>> {
    let mut hunks: Vec<Range<usize>> = Vec::new();
    for place in places {
        let (start, end) = (place.saturating_sub(AROUND), (place + AROUND + 1).min(length));
        match hunks.last_mut().filter(|last| last.end >= start) {
            Some(last) => last.end = end,
            None => hunks.push(start..end),
        }
    }
    hunks
}

fn compare<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Line<'t>> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old, new) = (split(old, head), split(new, head));
    let tail = old.1.iter().rev().zip(new.1.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (split(old.1, old.1.len() - tail), split(new.1, new.1.len() - tail));
    let same = |lines: &[&'t str]| lines.iter().map(|line| Line::Same(line)).collect::<Vec<_>>();
    let mut lines = same(old.0);
    lines.extend(middle(old_rest.0, new_rest.0));
    lines.extend(same(old_rest.1));
    lines
}

fn split<'l, 't>(lines: &'l [&'t str], at: usize) -> (&'l [&'t str], &'l [&'t str]) {
    lines.split_at_checked(at).unwrap_or((lines, &[]))
}

/// What lies between a common beginning and a common end: the longest common subsequence stays.
fn middle<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Line<'t>> {
    let mut lines = Vec::with_capacity(old.len() + new.len());
    if old.len().saturating_mul(new.len()) > COMPARISONS_MAX {
        lines.extend(old.iter().map(|line| Line::Old(line)));
        lines.extend(new.iter().map(|line| Line::New(line)));
        return lines;
    }
    // How many lines are common to what remains from a place in the old and a place in the new text.
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    let at = |common: &[u32], i: usize, j: usize| common.get(i * width + j).copied().unwrap_or_default();
    for (i, before) in old.iter().enumerate().rev() {
        for (j, after) in new.iter().enumerate().rev() {
            let best = if before == after {
                at(&common, i + 1, j + 1) + 1
            } else {
                at(&common, i + 1, j).max(at(&common, i, j + 1))
            };
            if let Some(cell) = common.get_mut(i * width + j) {
                *cell = best;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    loop {
        match (old.get(i), new.get(j)) {
            (Some(before), Some(after)) if before == after => {
                lines.push(Line::Same(before));
                (i, j) = (i + 1, j + 1);
            }
            (Some(before), after) if after.is_none() || at(&common, i + 1, j) >= at(&common, i, j + 1) => {
                lines.push(Line::Old(before));
                i += 1;
            }
            (_, Some(after)) => {
                lines.push(Line::New(after));
                j += 1;
            }
            (_, None) => return lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: &str, new: &str) -> String {
        unified("a.yaml", old, new).join("\n")
    }

    #[test]
    fn equal_texts_have_nothing_to_show() {
        assert_eq!(shown("a\nb\n", "a\nb\n"), "");
    }

    #[test]
    fn a_changed_line_stands_between_three_lines_on_either_side() {
        let old: String = (1..=20).map(|number| format!("line {number}\n")).collect();
        let new = old.replace("line 10\n", "line ten\n");
        assert_eq!(
            shown(&old, &new),
            "--- a.yaml, before\n+++ a.yaml, after\n@@ -7,7 +7,7 @@\n line 7\n line 8\n line 9\n-line 10\n+line ten\n \
             line 11\n line 12\n line 13"
        );
    }

    #[test]
    fn changes_that_are_far_apart_are_shown_apart_and_near_ones_together() {
        let old: String = (1..=40).map(|number| format!("{number}\n")).collect();
        let far = old.replace("\n5\n", "\nfive\n").replace("\n30\n", "\nthirty\n");
        assert_eq!(shown(&old, &far).matches("@@ -").count(), 2);
        let near = old.replace("\n5\n", "\nfive\n").replace("\n9\n", "\n");
        let near = shown(&old, &near);
        assert!(near.contains("@@ -2,11 +2,10 @@") && near.matches("@@ -").count() == 1, "{near}");
    }

    #[test]
    fn a_text_that_was_empty_and_one_that_becomes_so_are_whole_changes() {
        assert_eq!(shown("", "a\nb\n"), "--- a.yaml, before\n+++ a.yaml, after\n@@ -0,0 +1,2 @@\n+a\n+b");
        assert_eq!(shown("a\n", ""), "--- a.yaml, before\n+++ a.yaml, after\n@@ -1,1 +0,0 @@\n-a");
    }

    #[test]
    fn lines_of_thousands_that_differ_are_shown_whole_and_nothing_steers_a_terminal() {
        let old: String = (0..1_500).map(|number| format!("old {number}\n")).collect();
        let new: String = (0..1_500).map(|number| format!("new {number} \u{1b}[31m\n")).collect();
        let lines = unified("a.yaml", &old, &new);
        assert_eq!(lines.len(), 3 + 3_000);
        assert!(lines.iter().all(|line| !line.contains('\u{1b}')));
    }
}
