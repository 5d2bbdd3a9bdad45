//! What the files of layers, losses, optimizers and schedules would otherwise repeat.

/// The kind and the saved configuration of what is saved by the names of its fields; stands in
/// its `impl`.
macro_rules! named {
    ($kind:literal) => {
        fn kind(&self) -> &'static str {
            $kind
        }

        fn configuration(&self) -> serde_json::Value {
            serde_json::json!(self)
        }
    };
    // An optimizer, whose rate is a field.
    ($kind:literal, rate) => {
        named!($kind);

        fn rate(&self, step: u64) -> f64 {
            self.rate.at(step)
        }

        fn learning_rate(&mut self) -> Option<&mut crate::schedules::LearningRate> {
            Some(&mut self.rate)
        }
    };
}

/// Settings by the names of their fields, each a method that takes a value and gives back what
/// it was called on; `into` takes all that becomes the type.
macro_rules! settings {
    () => {};
    ($(#[$about:meta])* $name:ident: into $type:ty, $($rest:tt)*) => {
        $(#[$about])*
        pub fn $name(mut self, $name: impl Into<$type>) -> Self {
            self.$name = $name.into();
            self
        }

        settings! { $($rest)* }
    };
    ($(#[$about:meta])* $name:ident: $type:ty, $($rest:tt)*) => {
        $(#[$about])*
        pub fn $name(mut self, $name: $type) -> Self {
            self.$name = $name;
            self
        }

        settings! { $($rest)* }
    };
}
