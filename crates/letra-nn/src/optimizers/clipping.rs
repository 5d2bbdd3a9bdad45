use serde::{Deserialize, Serialize};

use crate::Error;
use crate::check::check_range;

/// What large gradients are cut to before the optimizer sees them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Clipping {
    /// Largest magnitude of a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<f32>,
    /// Largest norm of a parameter's gradient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) norm: Option<f32>,
    /// Largest norm of the gradient of all parameters together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) global_norm: Option<f32>,
}

impl Clipping {
    pub(crate) fn is_none(&self) -> bool {
        *self == Clipping::default()
    }

    /// Whether a norm is wanted before any gradient is used.
    pub(crate) fn wants_norm(&self) -> bool {
        self.norm.is_some() || self.global_norm.is_some()
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let limits = [
            ("largest gradient value", self.value),
            ("largest gradient norm", self.norm),
            ("largest global gradient norm", self.global_norm),
        ];
        let limits = limits.map(|(name, limit)| limit.map(|limit| (name, limit)));
        if limits.iter().flatten().count() > 1 {
            return Err(
                Error::configuration("gradients are clipped in more than one way")
                    .with_hint("choose clip_value, clip_norm or global_clip_norm"),
            );
        }
        limits
            .into_iter()
            .flatten()
            .try_for_each(|(name, limit)| check_range(name, limit, f32::MIN_POSITIVE.., "above 0"))
    }

    /// What the gradient of a parameter is multiplied by, given its norm and that of all.
    pub(crate) fn scale(&self, norm: f64, global_norm: f64) -> f32 {
        let (norm, limit) = match (self.norm, self.global_norm) {
            (Some(limit), _) => (norm, limit),
            (_, Some(limit)) => (global_norm, limit),
            _ => return 1.0,
        };
        (f64::from(limit) / norm.max(f64::from(limit))) as f32
    }
}
