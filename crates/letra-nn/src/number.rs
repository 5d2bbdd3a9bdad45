//! Numbers in JSON, which has no word for those that are not finite: they are texts there.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number as it is written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Finite(f64),
    Text(String),
    /// Files of earlier versions have this for any number that is not finite.
    Lost(()),
}

impl From<f64> for Written {
    fn from(number: f64) -> Self {
        match number.is_finite() {
            true => Written::Finite(number),
            false => Written::Text(number.to_string()),
        }
    }
}

impl Written {
    fn number<E: serde::de::Error>(self) -> Result<f64, E> {
        match self {
            Written::Finite(number) => Ok(number),
            Written::Text(text) => match text.as_str() {
                "NaN" => Ok(f64::NAN),
                "inf" => Ok(f64::INFINITY),
                "-inf" => Ok(f64::NEG_INFINITY),
                _ => Err(E::custom(format!("{text:?} is no number"))),
            },
            Written::Lost(()) => Ok(f64::NAN),
        }
    }
}

pub(crate) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    Written::from(*number).serialize(serializer)
}

pub(crate) fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<f64, D::Error> {
    Written::deserialize(deserializer)?.number()
}

/// One that may be missing.
pub(crate) mod option {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        number: &Option<f64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        number.map(Written::from).serialize(serializer)
    }

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(
        deserializer: D,
    ) -> Result<Option<f64>, D::Error> {
        let written: Option<Written> = Option::deserialize(deserializer)?;
        written.map(Written::number).transpose()
    }
}

/// Several, in single or double precision.
pub(crate) mod list {
    use super::*;

    /// What a list holds.
    pub(crate) trait Number: Copy {
        fn to_double(self) -> f64;
        fn of_double(number: f64) -> Self;
    }

    impl Number for f64 {
        fn to_double(self) -> f64 {
            self
        }

        fn of_double(number: f64) -> Self {
            number
        }
    }

    impl Number for f32 {
        fn to_double(self) -> f64 {
            f64::from(self)
        }

        fn of_double(number: f64) -> Self {
            number as f32
        }
    }

    pub(crate) fn serialize<N: Number, S: Serializer>(
        numbers: &[N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            numbers
                .iter()
                .map(|number| Written::from(number.to_double())),
        )
    }

    pub(crate) fn deserialize<'a, N: Number, D: Deserializer<'a>>(
        deserializer: D,
    ) -> Result<Vec<N>, D::Error> {
        let written: Vec<Written> = Vec::deserialize(deserializer)?;
        let numbers = written.into_iter().map(Written::number);
        numbers.map(|number| number.map(N::of_double)).collect()
    }
}

/// Several with names.
pub(crate) mod named {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        numbers: &[(String, f64)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            numbers
                .iter()
                .map(|(name, number)| (name, Written::from(*number))),
        )
    }

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(
        deserializer: D,
    ) -> Result<Vec<(String, f64)>, D::Error> {
        let written: Vec<(String, Written)> = Vec::deserialize(deserializer)?;
        let numbers = written.into_iter();
        numbers
            .map(|(name, written)| Ok((name, written.number()?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Serialize, Deserialize)]
    struct Numbers {
        #[serde(with = "super")]
        one: f64,
        #[serde(with = "super::option")]
        some: Option<f64>,
        #[serde(with = "super::list")]
        several: Vec<f32>,
        #[serde(with = "super::named")]
        named: Vec<(String, f64)>,
    }

    #[test]
    fn what_is_not_finite_comes_back() {
        let numbers = Numbers {
            one: f64::NEG_INFINITY,
            some: Some(f64::NAN),
            several: vec![0.1, f32::INFINITY],
            named: vec![("auc".into(), f64::NAN), ("loss".into(), 0.1)],
        };
        let text = serde_json::json!(numbers).to_string();
        assert!(!text.contains("null"), "{text}");
        let back: Numbers = serde_json::from_str(&text).unwrap();
        assert_eq!(format!("{back:?}"), format!("{numbers:?}"));
        let nothing = r#"{"one": null, "some": null, "several": [], "named": []}"#;
        let back: Numbers = serde_json::from_str(nothing).unwrap();
        assert!(back.one.is_nan() && back.some.is_none());
        let wrong = nothing.replacen("null", "\"much\"", 1);
        assert!(serde_json::from_str::<Numbers>(&wrong).is_err());
    }
}
