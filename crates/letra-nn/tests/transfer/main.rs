//! What is learnt once, used again: bases and heads, rates of layers, and domains.

mod bad_input;
mod bits;
mod domains;
mod layers;
mod penalties;
