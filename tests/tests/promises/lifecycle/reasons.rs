//! C11: why an actor ended.

use super::*;

// C11
#[test]
fn an_exit_reason_is_data() {
    let reasons = [
        (ExitReason::Normal, false),
        (ExitReason::Shutdown, false),
        (ExitReason::Killed, true),
        (ExitReason::Failed("text".into()), true),
        (
            ExitReason::Panicked {
                text: "text".into(),
                location: Some("file.rs:1:2".into()),
            },
            true,
        ),
        (ExitReason::StartFailed("text".into()), true),
        (ExitReason::StartTimeout, true),
        (
            ExitReason::Linked {
                cause: "text".into(),
            },
            true,
        ),
        (
            ExitReason::Process(actor_core::ProcessExit {
                code: None,
                signal: Some(9),
                stderr: "last words".into(),
            }),
            true,
        ),
        (ExitReason::Unresponsive, true),
        (ExitReason::NoConnection, true),
        (ExitReason::NoActor, true),
    ];
    for (reason, is_failure) in reasons {
        assert_eq!(reason.is_failure(), is_failure, "{reason}");
        let text = serde_json::to_string(&reason.clone()).unwrap();
        assert_eq!(serde_json::from_str::<ExitReason>(&text).unwrap(), reason);
    }
}

// C11
#[tokio::test]
async fn a_failure_keeps_the_whole_error_chain_as_text() {
    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("reading the number")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let system = system();
    let (actor, _events) = spawn(&system, Placement::Task);

    actor
        .send(act_now(|_, _| {
            "x".parse::<u8>().map_err(Outer)?;
            Ok(())
        }))
        .await
        .unwrap();

    let ExitReason::Failed(text) = actor.wait().await else {
        panic!("it failed");
    };
    assert_eq!(text, "reading the number: invalid digit found in string");
}
