//! What becomes of functions, and what is said of those that cannot be jobs.

use super::*;

#[track_caller]
fn check(function: &str, says: &str) {
    let tokens = job_of(TokenStream::new(), function.parse().unwrap()).to_string();
    assert!(tokens.contains("compile_error"), "{tokens}");
    assert!(tokens.contains(says), "{tokens}");
}

#[test]
fn what_cannot_be_a_job_is_explained() {
    check("async fn f(a: u64) {}", "submit_async");
    check("unsafe fn f(a: u64) {}", "unsafe to call");
    check("fn f<T>(a: T) {}", "cannot be generic");
    check("fn f(&self) {}", "not a method");
    check("fn f(a: &str) {}", "owned value");
    check("struct F;", "expected");
}

#[test]
fn options_other_than_a_name_are_explained() {
    let function: TokenStream = "fn f(a: u64) {}".parse().unwrap();
    let tokens = job_of(quote!(name = "f"), function).to_string();
    assert!(
        tokens.contains("takes its name and nothing else"),
        "{tokens}"
    );
}

#[test]
fn a_job_of_one_argument_is_the_function_itself() {
    let function = "pub fn square(n: u64) -> u64 { n * n }".parse().unwrap();
    let tokens = job_of(quote!("app.square/v1"), function).to_string();
    let expected = quote! {
        pub const SQUARE: ::actor_pool::Job<u64, u64> = ::actor_pool::Job::new("app.square/v1", square);
    };
    assert!(tokens.ends_with(&expected.to_string()), "{tokens}");
}
