//! Generators and discriminators held to what is known of their games.

mod bad_input;
mod bits;
mod games;
mod measures;
mod not_finite;
mod ring;
mod terms;
