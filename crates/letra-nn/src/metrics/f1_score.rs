counted_metric! {
    /// The F₁ score, the harmonic mean of precision and recall: 2 *TP* / (2 *TP* + *FP* + *FN*) (van
    /// Rijsbergen 1979, "Information retrieval", chapter 7). It is 0 where nothing is so or was said
    /// to be.
    ///
    /// What counts as a positive, and what the averages are, is as for
    /// [`Precision`](super::Precision). It sees predictions, probabilities where the loss takes
    /// logits.
    ///
    /// ```
    /// use letra_nn::metrics::{Averaging, F1Score, Metric, MetricRows, TargetRows, Task};
    ///
    /// // Two labels a sample.
    /// let said = [0.9, 0.2, 0.7, 0.6, 0.1, 0.8];
    /// let targets = TargetRows::Values(&[1.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    /// let rows = MetricRows::new(2, &said, targets, Task::Labels { threshold: 0.5 })?;
    /// assert_eq!(F1Score::new().of(&rows), 0.75);
    /// let first = F1Score::new().average(Averaging::Class(0));
    /// assert_eq!(first.of(&rows), 2.0 / 3.0);
    /// # Ok::<(), letra_nn::Error>(())
    /// ```
    F1Score, "f1_score", |[right, wrong, missed]| {
        counts::share(2.0 * right, 2.0 * right + wrong + missed)
    }
}
