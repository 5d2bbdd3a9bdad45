counted_metric! {
    /// Recall: of what is so, the share that was said to be, *TP* / (*TP* + *FN*) with the true
    /// positives and the false negatives. It is 0 where nothing is so.
    ///
    /// What counts as a positive, and what the averages are, is as for
    /// [`Precision`](super::Precision). It sees predictions, probabilities where the loss takes
    /// logits.
    ///
    /// ```
    /// use letra_nn::metrics::{Metric, MetricRows, Recall, TargetRows, Task};
    ///
    /// let said = [0.9, 0.6, 0.4, 0.8];
    /// let targets = TargetRows::Values(&[1.0, 0.0, 1.0, 1.0]);
    /// let rows = MetricRows::new(1, &said, targets, Task::Labels { threshold: 0.5 })?;
    /// assert_eq!(Recall::new().of(&rows), 2.0 / 3.0);
    /// assert_eq!(Recall::new().threshold(0.3).of(&rows), 1.0);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    Recall, "recall", |[right, _, missed]| counts::share(right, right + missed)
}
