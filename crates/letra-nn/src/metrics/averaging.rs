use crate::Error;

/// How a number for each of several values, labels or classes becomes one number.
///
/// ```
/// # use letra_nn::prelude::*;
/// use letra_nn::metrics::Averaging;
///
/// // The mean over all classes, and that of class 2 alone.
/// let settings = Compile::new(Adam::new(0.01))
///     .metric(F1Score::new().average(Averaging::Macro))
///     .metric(F1Score::new().average(Averaging::Class(2)));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Averaging {
    /// All are taken together, as if they were answers to one question.
    #[default]
    Micro,
    /// The mean of the classes' numbers, each class counting alike; one without samples counts 0
    /// where the metric has a number for it, as precision, recall and F1 have, and not where it has none,
    /// as the area under a curve.
    Macro,
    /// That of one class alone.
    Class(usize),
}

impl Averaging {
    /// The name of a metric with this average.
    pub(super) fn name(self, base: &str) -> String {
        match self {
            Averaging::Micro => base.into(),
            Averaging::Macro => format!("macro_{base}"),
            Averaging::Class(class) => format!("{base}_of_{class}"),
        }
    }

    /// The average in the name of a metric.
    pub(super) fn from_name(name: &str, base: &str) -> Option<Self> {
        match name.split_once(base)? {
            ("", "") => Some(Averaging::Micro),
            ("macro_", "") => Some(Averaging::Macro),
            ("", class) => Some(Averaging::Class(class.strip_prefix("_of_")?.parse().ok()?)),
            _ => None,
        }
    }

    /// Whether there is such a class.
    pub(super) fn check(self, units: usize) -> Result<(), Error> {
        match self {
            Averaging::Class(class) if class >= units => Err(Error::configuration(format!(
                "a metric is about class {class}, but the output has {units}"
            ))
            .with_hint(format!("they are 0 to {}", units.saturating_sub(1)))),
            _ => Ok(()),
        }
    }

    /// The number that `formula` makes of what was gathered for each class. Of a mean, those that
    /// are not defined are left out.
    pub(super) fn over<T>(
        self,
        mut classes: impl Iterator<Item = T>,
        formula: impl Fn(T) -> f64,
        add: impl Fn(&mut T, T),
    ) -> f64 {
        match self {
            Averaging::Micro => {
                let together = classes.reduce(|mut sum, next| {
                    add(&mut sum, next);
                    sum
                });
                together.map_or(f64::NAN, formula)
            }
            Averaging::Class(class) => classes.nth(class).map_or(f64::NAN, formula),
            Averaging::Macro => {
                let numbers = classes.map(formula).filter(|number| !number.is_nan());
                let (sum, count) = numbers.fold((0.0, 0.0), |(sum, count), number| {
                    (sum + number, count + 1.0)
                });
                sum / count
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_average() {
        for average in [Averaging::Micro, Averaging::Macro, Averaging::Class(12)] {
            let name = average.name("precision");
            assert_eq!(Averaging::from_name(&name, "precision"), Some(average));
        }
        for name in [
            "recall",
            "precision_of_",
            "precision_of_x",
            "micro_precision",
        ] {
            assert_eq!(Averaging::from_name(name, "precision"), None, "{name}");
        }
    }
}
