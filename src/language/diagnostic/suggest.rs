//! The nearest known name to a wrong one, for "did you mean".
//!
//! The distance is that of Damerau and Levenshtein in its restricted form: insertions, deletions, substitutions and
//! swaps of neighbours each cost one. A name is suggested only where at most a third of it is wrong, because a far-fetched suggestion
//! misleads more than none.

/// Names longer than this are not compared: the cost grows with the product of the lengths.
const LENGTH_MAX: usize = 64;

/// The known name that is nearest to `wrong`, if one is near enough to be meant.
pub fn suggest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = wrong.to_lowercase().chars().collect();
    if wanted.len() > LENGTH_MAX {
        return None;
    }
    known
        .filter(|name| name.len() <= LENGTH_MAX * 4)
        .map(|name| {
            let candidate: Vec<char> = name.to_lowercase().chars().collect();
            let allowed = (wanted.len().max(candidate.len()) / 3).max(1);
            (distance(&wanted, &candidate), allowed, name)
        })
        .filter(|(distance, allowed, _)| distance <= allowed)
        .min_by_key(|(distance, _, name)| (*distance, *name))
        .map(|(_, _, name)| name)
}

fn distance(left: &[char], right: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, &a) in left.iter().enumerate() {
        let mut current = Vec::with_capacity(last.len());
        current.push(row + 1);
        for (column, &b) in right.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX - 1);
            let mut best = at(&last, column) + usize::from(a != b);
            best = best.min(at(&last, column + 1) + 1).min(at(&current, column) + 1);
            let swapped = column > 0 && row > 0 && right.get(column - 1) == Some(&a) && left.get(row - 1) == Some(&b);
            if swapped {
                best = best.min(at(&before_last, column - 1) + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_finds_the_name_that_was_meant() {
        let known = ["agent.pause", "agent.retire", "notify"];
        assert_eq!(suggest("agent.puase", known.into_iter()), Some("agent.pause"));
        assert_eq!(suggest("notfy", known.into_iter()), Some("notify"));
        assert_eq!(suggest("Notify", known.into_iter()), Some("notify"));
    }

    #[test]
    fn a_name_unlike_all_others_suggests_nothing() {
        assert_eq!(suggest("kubernetes", ["agent", "alert"].into_iter()), None);
        assert_eq!(suggest(&"x".repeat(10_000), ["agent"].into_iter()), None);
    }

    #[test]
    fn swapped_neighbours_count_as_one_slip() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        assert_eq!(distance(&chars("ab"), &chars("ba")), 1);
        assert_eq!(distance(&chars("kitten"), &chars("sitting")), 3);
        assert_eq!(distance(&[], &chars("abc")), 3);
    }
}
