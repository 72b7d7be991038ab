use super::*;

fn drawn(messages: &[u32]) -> Batch<u32> {
    let mut batch = Batch::new();
    batch
        .refill()
        .extend(messages.iter().copied().map(Item::Message));
    batch
}

/// What is in front, as an inbox would handle it: places of what came back, and messages.
fn handle(stash: &mut Stash<u32>, begun: &mut u64, drawn: &mut Batch<u32>) -> Option<u32> {
    stash.put_down();
    match drawn.next()? {
        Item::Message(message) => {
            *begun += 1;
            Some(message)
        }
        Item::Extra(extra) => match *extra {
            Extra::Returned(place, message) => {
                stash.begin(*begun, place);
                Some(message)
            }
            _ => None,
        },
        Item::Taken => None,
    }
}

fn rest(stash: &mut Stash<u32>, begun: &mut u64, mut drawn: Batch<u32>) -> Vec<u32> {
    std::iter::from_fn(|| handle(stash, begun, &mut drawn)).collect()
}

#[test]
fn what_comes_back_goes_in_front_in_its_order() {
    let (mut stash, mut begun, mut drawn) = (Stash::new(), 0, drawn(&[1, 2, 3, 4]));
    for _ in 0..3 {
        let message = handle(&mut stash, &mut begun, &mut drawn).unwrap();
        stash.put(begun, message);
    }

    stash.return_all(&mut drawn);

    assert_eq!((stash.len(), stash.occupied()), (0, 3));
    assert_eq!(rest(&mut stash, &mut begun, drawn), [1, 2, 3, 4]);
    assert_eq!(stash.occupied(), 0);
}

#[test]
fn what_is_put_aside_again_keeps_its_place() {
    let (mut stash, mut begun, mut drawn) = (Stash::new(), 0, drawn(&[1, 2, 3, 4]));
    for _ in 0..2 {
        let message = handle(&mut stash, &mut begun, &mut drawn).unwrap();
        stash.put(begun, message);
    }
    stash.return_all(&mut drawn);

    // 1 is put aside again, 2 is handled, 3 is put aside, and everything comes back.
    let message = handle(&mut stash, &mut begun, &mut drawn).unwrap();
    stash.put(begun, message);
    assert_eq!(handle(&mut stash, &mut begun, &mut drawn), Some(2));
    let message = handle(&mut stash, &mut begun, &mut drawn).unwrap();
    stash.put(begun, message);
    stash.return_all(&mut drawn);

    assert_eq!(rest(&mut stash, &mut begun, drawn), [1, 3, 4]);
}

#[test]
fn what_comes_back_while_others_have_come_back_is_put_between_them() {
    let (mut stash, mut begun, mut drawn) = (Stash::new(), 0, drawn(&[1, 2, 3, 4]));
    for _ in 0..3 {
        let message = handle(&mut stash, &mut begun, &mut drawn).unwrap();
        stash.put(begun, message);
    }
    stash.return_all(&mut drawn);

    let message = handle(&mut stash, &mut begun, &mut drawn).unwrap();
    stash.put(begun, message);
    assert_eq!((stash.len(), stash.occupied()), (1, 3));
    stash.return_all(&mut drawn);

    assert_eq!(rest(&mut stash, &mut begun, drawn), [1, 2, 3, 4]);
}

#[test]
fn the_place_of_what_came_back_is_not_inherited_by_the_next_message() {
    let (mut stash, mut begun, mut drawn) = (Stash::new(), 0, drawn(&[1, 2, 3]));
    for _ in 0..2 {
        let message = handle(&mut stash, &mut begun, &mut drawn).unwrap();
        stash.put(begun, message);
    }
    stash.return_all(&mut drawn);
    assert_eq!(handle(&mut stash, &mut begun, &mut drawn), Some(1));
    // What is handled without a place of its own, as a tick is, comes after everything that has begun.
    stash.put_down();
    stash.put(begun, 9);

    stash.return_all(&mut drawn);

    assert_eq!(rest(&mut stash, &mut begun, drawn), [2, 9, 3]);
}

#[test]
fn at_the_end_everything_returns_as_ordinary_messages() {
    let (mut stash, mut begun, mut drawn) = (Stash::new(), 0, drawn(&[1, 2, 3, 4]));
    for _ in 0..3 {
        let message = handle(&mut stash, &mut begun, &mut drawn).unwrap();
        stash.put(begun, message);
    }
    stash.return_all(&mut drawn);
    let message = handle(&mut stash, &mut begun, &mut drawn).unwrap();
    stash.put(begun, message);

    stash.put_back(&mut drawn);

    let messages: Vec<_> = drawn
        .into_rest()
        .into_iter()
        .map(|item| match item {
            Item::Message(message) => message,
            _ => panic!("it is an ordinary message again"),
        })
        .collect();
    assert_eq!(messages, [1, 2, 3, 4]);
    assert_eq!(stash.occupied(), 0);
}
