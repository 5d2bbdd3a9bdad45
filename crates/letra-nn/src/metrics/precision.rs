counted_metric! {
    /// Precision: of what was said to be so, the share that is, *TP* / (*TP* + *FP*) with the true
    /// and the false positives. It is 0 where nothing was said to be so.
    ///
    /// For one output, a positive is a prediction above the loss's threshold, as for each of several
    /// labels. For one of several classes it is the largest, so that of all classes together it is
    /// the accuracy: ask for [`Averaging::Macro`] or a class. It sees predictions, probabilities where
    /// the loss takes logits.
    ///
    /// ```
    /// use letra_nn::metrics::{Metric, MetricRows, Precision, TargetRows, Task};
    ///
    /// let said = [0.9, 0.6, 0.4, 0.8];
    /// let targets = TargetRows::Values(&[1.0, 0.0, 1.0, 1.0]);
    /// let rows = MetricRows::new(1, &said, targets, Task::Labels { threshold: 0.5 })?;
    /// assert_eq!(Precision::new().of(&rows), 2.0 / 3.0);
    /// assert_eq!(Precision::new().threshold(0.7).of(&rows), 1.0);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    Precision, "precision", |[right, wrong, _]| counts::share(right, right + wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::TargetRows;

    #[test]
    fn averages_over_three_classes() {
        // Said 0 0 1 2 2 where 0 1 1 2 0 was so: precision 1/2, 1, 1/2.
        let said = [0, 0, 1, 2, 2].map(|class| [0, 1, 2].map(|unit| f32::from(unit == class)));
        let labels = TargetRows::Classes(&[0, 1, 1, 2, 0]);
        let rows = MetricRows::new(3, said.as_flattened(), labels, Task::Classes).unwrap();
        let of = |average| Precision::new().average(average).of(&rows);
        assert_eq!(of(Averaging::Micro), 3.0 / 5.0);
        assert_eq!(of(Averaging::Macro), 2.0 / 3.0);
        assert_eq!(of(Averaging::Class(1)), 1.0);
        assert!(
            Precision::new()
                .average(Averaging::Class(3))
                .check(
                    3,
                    Task::Classes,
                    &Targets::Classes {
                        labels: vec![],
                        count: 3
                    }
                )
                .is_err()
        );
    }

    #[test]
    fn names_tell_the_settings() {
        let precision = Precision::new().average(Averaging::Class(4)).threshold(0.3);
        assert_eq!(precision.name(), "precision_of_4_at_0.3");
        assert_eq!(from_name(&precision.name()), Some(precision));
        assert_eq!(from_name("precision_at_much"), None);
    }
}
