//! A4 to A7, A10, A11: what a mailbox takes, what it drops, and in which order it hands over.

mod bounds;
mod order;
mod overflow;
mod stress;
mod time_limits;
