//! Programs that do not compile, each with what the compiler then says: the mistakes that a newcomer makes first, by hand (`mistakes`) and
//! in a block (`blocks`), in a test of actors (`tests`).
//!
//! The texts are those of the compiler that CI runs; another one words some of them differently. After a change of ours or of the
//! compiler, `TRYBUILD=overwrite cargo test -p actor-core --features macros,testing --test mistakes` writes them anew; read the difference as a newcomer would.

#[test]
fn the_mistakes_that_a_newcomer_makes_are_explained() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/mistakes/*.rs");
    cases.compile_fail("tests/ui/blocks/*.rs");
    cases.compile_fail("tests/ui/tests/*.rs");
}
