//! What a network is to give for some samples.

/// Targets of some samples.
#[derive(Debug, Clone, Copy)]
pub enum TargetRows<'a> {
    /// A class each.
    Classes(&'a [u32]),
    /// A row of values each.
    Values(&'a [f32]),
}

impl TargetRows<'_> {
    /// Target of a sample for one of `units` outputs: for a class, its one-hot row.
    pub(crate) fn value(&self, units: usize, sample: usize, unit: usize) -> f32 {
        match self {
            TargetRows::Classes(labels) => f32::from(u8::from(labels[sample] as usize == unit)),
            TargetRows::Values(rows) => rows[sample * units + unit],
        }
    }

    /// The target of one sample.
    pub(crate) fn row(&self, units: usize, sample: usize) -> TargetRows<'_> {
        match self {
            TargetRows::Classes(labels) => TargetRows::Classes(&labels[sample..=sample]),
            TargetRows::Values(rows) => {
                TargetRows::Values(&rows[sample * units..(sample + 1) * units])
            }
        }
    }
}

/// Index of the largest value, the first of equals.
pub(crate) fn largest(row: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best
}

/// Class that a sample's target names: its label, or the largest of its values.
pub(crate) fn target_class(units: usize, targets: TargetRows<'_>, sample: usize) -> usize {
    match targets {
        TargetRows::Classes(labels) => labels[sample] as usize,
        TargetRows::Values(rows) => largest(&rows[sample * units..(sample + 1) * units]),
    }
}
