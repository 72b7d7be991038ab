//! Claims about nested values; no runtime.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::{decode, encode};
use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Nest {
    In(Box<Nest>),
    Pair(Box<Nest>, Vec<Nest>),
    Named { inner: Option<Box<Nest>> },
    End,
}

fn nested(levels: u32) -> Vec<u8> {
    let mut value = Nest::End;
    for _ in 1..levels {
        value = Nest::In(Box::new(value));
    }
    encoded(&value)
}

fn encoded<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(value, &mut bytes).expect("it encodes");
    bytes
}

// R4
#[test]
fn what_is_nested_too_deeply_is_an_error_and_no_overflow_of_the_stack() {
    assert!(decode::<Nest>(&nested(DEPTH_MAX)).is_ok());
    for bytes in [
        nested(DEPTH_MAX + 1),
        vec![0; 1_000_000],
        [2, 1].repeat(500_000),
    ] {
        let error = decode::<Nest>(&bytes).expect_err("it is too deep");
        assert_eq!(error, "it is nested more than 128 levels deep");
    }
    // As a whole each pair opens one level and its list another.
    assert!(decode::<Nest>(&[1; 1_000_000]).is_err());
}

#[test]
fn every_shape_of_value_survives_the_way() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Wrapped(u64);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Unit;
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct All {
        map: BTreeMap<String, Vec<Option<Wrapped>>>,
        nests: [Nest; 3],
        tuple: (i8, f64, char, bool, u128),
        unit: (Unit, ()),
        none: Option<u8>,
        address: std::net::IpAddr,
    }
    let all = All {
        map: BTreeMap::from([("key".into(), vec![None, Some(Wrapped(1 << 40))])]),
        nests: [
            Nest::Pair(Box::new(Nest::End), vec![Nest::End]),
            Nest::Named {
                inner: Some(Box::new(Nest::Named { inner: None })),
            },
            Nest::In(Box::new(Nest::End)),
        ],
        tuple: (-1, 0.5, 'ä', true, u128::MAX),
        unit: (Unit, ()),
        none: None,
        // Spelt in bytes, not as text.
        address: [127, 0, 0, 1].into(),
    };

    let bytes = encoded(&all);

    assert_eq!(bytes, postcard::to_stdvec(&all).expect("it encodes"));
    assert_eq!(decode(&bytes), Ok(all));
}
