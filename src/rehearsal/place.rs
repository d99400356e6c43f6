//! Where a step stands in a rehearsal: in the run that an alert starts, or in a run that one of its steps started, and so on
//! down. Written as `step`, `step/step`, `step[index]/step`.

use std::fmt;

use crate::domain::StepPath;

/// A step with the steps above it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The steps that started the run which the step is of, outermost first; none for a run that no run started.
    pub above: Vec<StepPath>,
    /// The step.
    pub path: StepPath,
}

impl Place {
    /// Whether it means that step: where it names no item, it means every item.
    #[must_use]
    pub fn covers(&self, above: &[StepPath], path: &StepPath) -> bool {
        covers(&self.path, path) && covers_all(&self.above, above)
    }

    /// How many items it names.
    #[must_use]
    pub fn items(&self) -> usize {
        self.above.iter().chain([&self.path]).filter(|path| path.index.is_some()).count()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for above in &self.above {
            write!(f, "{above}/")?;
        }
        write!(f, "{}", self.path)
    }
}

/// Whether a path means another: without an index it means every item.
#[must_use]
pub fn covers(meant: &StepPath, path: &StepPath) -> bool {
    meant.step == path.step && (meant.index.is_none() || meant.index == path.index)
}

/// Whether paths mean others, one by one.
#[must_use]
pub fn covers_all(meant: &[StepPath], paths: &[StepPath]) -> bool {
    meant.len() == paths.len() && meant.iter().zip(paths).all(|(meant, path)| covers(meant, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(above: &[&str], path: &str) -> Place {
        Place { above: above.iter().map(|path| path.parse().unwrap()).collect(), path: path.parse().unwrap() }
    }

    #[test]
    fn a_place_without_an_index_means_every_item_and_one_with_an_index_only_that() {
        let second = place(&["watch[1]"], "revoke");
        assert!(place(&["watch"], "revoke").covers(&second.above, &second.path));
        assert!(second.covers(&second.above, &second.path));
        assert!(!place(&["watch[0]"], "revoke").covers(&second.above, &second.path));
        assert!(!place(&[], "revoke").covers(&second.above, &second.path));
        assert!(!place(&["watch", "watch"], "revoke").covers(&second.above, &second.path));
        assert_eq!((second.items(), second.to_string().as_str()), (1, "watch[1]/revoke"));
    }
}
