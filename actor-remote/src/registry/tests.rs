//! Claims about the registry.

use super::*;

struct Add;
struct Get;

fn names(factories: &[&str], messages: &[&str]) -> Result<Registry<()>, RegistryError> {
    let mut builder = Registry::builder();
    for name in factories {
        builder = builder.factory(*name, ());
    }
    // Two types are enough for the tests that look at names alone.
    for (index, name) in messages.iter().enumerate() {
        builder = match index {
            0 => builder.message::<Add>(*name),
            _ => builder.message::<Get>(*name),
        };
    }
    builder.build()
}

#[test]
fn factory_is_found_by_its_name() {
    let registry = Registry::builder()
        .factory("a.A/v1", 1)
        .factory("a.B/v1", 2)
        .build();
    let registry = registry.expect("the names differ");

    assert_eq!(registry.factory("a.B/v1"), Some(&2));
    assert_eq!(registry.factory("a.C/v1"), None);
    assert_eq!(
        registry.factory_names().collect::<Vec<_>>(),
        ["a.A/v1", "a.B/v1"]
    );
}

#[test]
fn message_type_is_found_both_ways() {
    let registry = names(&[], &["a.Add/v1"]).expect("one name");

    assert_eq!(registry.message_name::<Add>(), Some("a.Add/v1"));
    assert_eq!(registry.message_name::<Get>(), None);
    assert!(registry.is_message::<Add>("a.Add/v1"));
    assert!(!registry.is_message::<Get>("a.Add/v1"));
    assert!(registry.has_message("a.Add/v1"));
}

#[test]
fn every_duplicate_name_is_reported() {
    let error = names(&["a", "b", "a", "c", "b", "a"], &[]).expect_err("a and b occur twice");

    assert_eq!(
        error,
        RegistryError::DuplicateNames(vec!["a".into(), "b".into()])
    );
    assert_eq!(error.to_string(), "registered more than once: a, b");
}

#[test]
fn message_type_with_two_names_is_refused() {
    let built = Registry::<()>::builder()
        .message::<Add>("a")
        .message::<Add>("b")
        .build();

    assert!(matches!(built, Err(RegistryError::DuplicateTypes(types)) if types.len() == 1));
}

#[test]
fn factory_and_message_may_share_a_name() {
    assert!(names(&["a.Counter/v1"], &["a.Counter/v1"]).is_ok());
}

#[test]
fn unprintable_names_are_refused() {
    for name in ["", "a b", "a\n", "a\0", &"x".repeat(NAME_LEN_MAX + 1)] {
        let error = names(&[name], &[]).expect_err(name);
        assert!(matches!(error, RegistryError::InvalidNames(_)));
    }
}

#[test]
fn fingerprint_ignores_the_order() {
    let one = names(&["a", "b"], &["c", "d"]).expect("distinct");
    let other = names(&["b", "a"], &["d", "c"]).expect("distinct");

    assert_eq!(one.fingerprint(), other.fingerprint());
}

#[test]
fn fingerprint_tells_names_and_their_use_apart() {
    let cases = [
        names(&["a"], &[]),
        names(&[], &["a"]),
        names(&["ab"], &[]),
        names(&["a", "b"], &[]),
        names(&[], &[]),
        names(&["a"], &["b"]),
    ];
    let prints: BTreeSet<u64> = cases.map(|r| r.expect("valid").fingerprint()).into();

    assert_eq!(prints.len(), 6);
    assert!(!prints.contains(&0));
}

#[test]
fn hash_is_fnv1a() {
    // Published test values of FNV-1a, 64 bits.
    assert_eq!(hash_name(""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(hash_name("a"), 0xaf63_dc4c_8601_ec8c);
    assert_eq!(hash_name("foobar"), 0x8594_4171_f739_67e8);
}
