//! One file per subject. Each says how its crate is configured and why.

pub(super) mod actix;
pub(super) mod kameo;
pub(super) mod ours;
pub(super) mod ractor;
pub(super) mod raw;
pub(super) mod xtra;
