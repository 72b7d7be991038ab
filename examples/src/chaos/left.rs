//! What this process has open, and which children it has: to see that nothing is left of a pool. Knows Linux only.

use std::fs;
use std::time::Duration;

/// How long what ends may take to be gone after everything has reported its end.
const GRACE: Duration = Duration::from_secs(2);

/// What there is at one moment. `None` where the system does not say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Holdings {
    pub(super) descriptors: Option<i64>,
    pub(super) processes: Option<i64>,
}

impl Holdings {
    /// What there is now.
    pub(super) fn now() -> Self {
        Holdings {
            descriptors: descriptors(),
            processes: children(),
        }
    }

    /// What there is more than before.
    pub(super) fn since(self, before: Holdings) -> Self {
        let beyond = |now: Option<i64>, before: Option<i64>| Some(now? - before?);
        Holdings {
            descriptors: beyond(self.descriptors, before.descriptors),
            processes: beyond(self.processes, before.processes),
        }
    }

    /// Whether nothing is left, as far as can be told.
    pub(super) fn is_nothing(self) -> bool {
        self.descriptors.unwrap_or(0) == 0 && self.processes.unwrap_or(0) == 0
    }
}

/// What is left in the end beyond `before`.
pub(super) async fn left_since(before: Holdings) -> Holdings {
    let looking = async {
        while !Holdings::now().since(before).is_nothing() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // What is left after the time is told, whatever it is.
    let _in_time = tokio::time::timeout(GRACE, looking).await;
    Holdings::now().since(before)
}

fn descriptors() -> Option<i64> {
    let open = fs::read_dir("/proc/self/fd").ok()?.count();
    i64::try_from(open).ok()
}

/// Children of this process, those included that have ended and were not asked for.
fn children() -> Option<i64> {
    let all = fs::read_dir("/proc").ok()?.filter_map(Result::ok);
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    i64::try_from(pids.filter(|pid| is_own_child(*pid)).count()).ok()
}

/// Whether there is such a process, and this one is its parent.
pub(super) fn is_own_child(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    parent_in(&stat) == Some(std::process::id())
}

/// `4711 (name) S 815 …`: the name may hold anything, blanks and brackets as well.
fn parent_in(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_any_name() {
        assert_eq!(parent_in("7 (actors) S 815 7 7 0"), Some(815));
        assert_eq!(parent_in("7 (a) S 1 (b c) Z 815 7"), Some(815));
        assert_eq!(parent_in("7 (actors) S"), None);
        assert_eq!(parent_in(""), None);
    }

    #[test]
    fn what_is_left_is_what_there_is_more() {
        let before = Holdings {
            descriptors: Some(10),
            processes: Some(0),
        };
        let after = Holdings {
            descriptors: Some(12),
            processes: Some(0),
        };
        let unknown = Holdings {
            descriptors: None,
            processes: None,
        };

        assert_eq!(after.since(before).descriptors, Some(2));
        assert!(!after.since(before).is_nothing());
        assert!(before.since(before).is_nothing());
        assert!(unknown.since(before).is_nothing());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_child_is_known_by_its_parent() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();

        assert!(is_own_child(child.id()));
        assert!(!is_own_child(std::process::id()));

        child.kill().unwrap();
        child.wait().unwrap();
    }
}
