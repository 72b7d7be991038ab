//! The program that the tests start as a worker process.

fn main() {
    actor_remote::init(&tests::workers::registry());
    std::process::exit(9);
}
