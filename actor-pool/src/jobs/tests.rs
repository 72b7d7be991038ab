use super::*;
use crate::task::encode;

const DOUBLE: Job<u64, u64> = Job::new("double/v1", |number| number * 2);
const FAIL: Job<(), ()> = Job::new("fail/v1", |()| panic!("no luck today"));
const OTHER: Job<u64, String> = Job::new("double/v1", |number| number.to_string());

fn run(jobs: &Jobs, name: &str, argument: &[u8]) -> Result<Vec<u8>, JobError> {
    let mut out = Vec::new();
    jobs.find(name)?.run(argument, None, &mut out)?;
    Ok(out)
}

#[test]
fn a_listed_job_runs_from_its_encoded_argument() {
    let jobs = Jobs::builder().job(DOUBLE).build().unwrap();
    let argument = encode(Payload::Argument, &21u64).unwrap();

    let result = run(&jobs, "double/v1", &argument).unwrap();

    assert_eq!(decode::<u64>(Payload::Result, &result), Ok(42));
}

#[test]
fn a_name_that_is_given_twice_is_refused() {
    let refused = Jobs::builder().job(DOUBLE).job(OTHER).build().unwrap_err();

    assert_eq!(refused, JobsError::Duplicate { job: "double/v1" });
}

#[test]
fn a_panic_in_a_job_is_its_error() {
    // P4
    let jobs = Jobs::builder().job(FAIL).build().unwrap();

    let error = run(&jobs, "fail/v1", &[]).unwrap_err();

    assert!(matches!(error, JobError::Panicked(panic) if panic.text == "no luck today"));
}

#[test]
fn an_argument_that_does_not_decode_fails_the_job() {
    // P10
    let jobs = Jobs::builder().job(DOUBLE).build().unwrap();

    for bytes in [&[][..], &[1, 2][..]] {
        let error = run(&jobs, "double/v1", bytes).unwrap_err();
        assert!(
            matches!(
                error,
                JobError::Codec {
                    payload: Payload::Argument,
                    ..
                }
            ),
            "{error:?}"
        );
    }
}

#[test]
fn a_job_that_is_not_listed_is_named() {
    let jobs = Jobs::default();

    assert_eq!(
        run(&jobs, "double/v1", &[]),
        Err(JobError::Unknown {
            job: "double/v1".into()
        })
    );
    assert_eq!(
        jobs.check(&DOUBLE),
        Err(Refusal::Unregistered { job: "double/v1" })
    );
}

#[test]
fn a_job_of_another_signature_is_not_the_listed_one() {
    let jobs = Jobs::builder().job(DOUBLE).build().unwrap();

    assert_eq!(jobs.check(&DOUBLE), Ok(()));
    assert_eq!(
        jobs.check(&OTHER),
        Err(Refusal::Mismatched { job: "double/v1" })
    );
}
