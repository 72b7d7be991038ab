//! What supervision costs. The peers mean other things by it (ractor tells the parent and leaves the rest to it; actix restarts what
//! stopped, and a panic takes the thread's other actors along), so only ours runs these, and a hand-written keeper where there is
//! something comparable: a task that awaits the loop and spawns it again over the same receiver.

pub(crate) mod ours;
pub(crate) mod raw;
