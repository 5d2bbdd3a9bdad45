//! Boltzmann machines and belief networks, held to what counting all states gives.

mod bad_input;
mod belief;
mod enumeration;
mod files;
mod gradients;
mod sampling;
mod training;
mod twin;
