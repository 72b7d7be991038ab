//! Trouble from outside: signals to worker processes, whatever they are doing.
//!
//! One of these runs for each pool with processes, until the pool ends. It knows of the pool what anybody can see: the process ids.

use std::time::Duration;

use actor_pool::Pool;
use rustix::process::{Pid, Signal, kill_process};

use super::left::is_own_child;
use super::round::Shared;
use super::script::{Deck, Dice, MISCHIEF, Mischief};

/// Makes trouble for the workers of a pool, for ever.
pub(super) async fn make(pool: Pool, mut dice: Dice, shared: &Shared) {
    let mut deck = Deck::new(MISCHIEF);
    loop {
        tokio::time::sleep(dice.millis(20, 150)).await;
        let pids: Vec<u32> = pool
            .workers()
            .iter()
            .filter_map(|worker| worker.pid)
            .collect();
        let victim = dice.below(pids.len() as u64) as usize;
        let Some(&victim) = pids.get(victim) else {
            continue;
        };
        // It may have ended since, and its number belong to anybody; a child is not reaped in between two lines very often.
        if !is_own_child(victim) {
            continue;
        }
        match deck.deal(&mut dice) {
            Mischief::Kill => {
                let is_hit = signal(victim, Signal::KILL);
                shared.tally(|tally| tally.kills += u64::from(is_hit));
            }
            Mischief::Freeze => {
                let is_hit = signal(victim, Signal::STOP);
                shared.tally(|tally| tally.stops += u64::from(is_hit));
            }
            Mischief::Pause => {
                let span = dice.millis(20, 200);
                let is_hit = signal(victim, Signal::STOP);
                shared.tally(|tally| tally.stops += u64::from(is_hit));
                // On its own: it goes on also when the pool ends meanwhile.
                tokio::spawn(go_on_after(span, victim));
            }
        }
    }
}

async fn go_on_after(span: Duration, pid: u32) {
    tokio::time::sleep(span).await;
    if is_own_child(pid) {
        signal(pid, Signal::CONT);
    }
}

/// Whether there was somebody to hear it.
fn signal(pid: u32, signal: Signal) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
}
