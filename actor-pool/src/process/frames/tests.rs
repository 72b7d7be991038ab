use super::super::shelf::KEPT_MIN;
use super::*;

const ORDER: Order<'static> = Order {
    number: 7,
    kind: Kind::One,
    key: 99,
    name: "a.job/v1",
    argument: &[1, 2, 3],
};

fn frames(bytes: &[u8], limit: usize) -> Frames {
    let mut frames = Frames::new(limit);
    frames.buffer.extend_from_slice(bytes);
    frames
}

#[test]
fn an_order_comes_back_as_it_was_put() {
    let mut out = Vec::new();
    put_order(&mut out, &ORDER, 0);

    let mut frames = frames(&out, 100);

    assert!(frames.has_next());
    let raw = frames.next().expect("it fits").expect("it is whole");
    assert_eq!(raw.order(), Some(ORDER));
    assert_eq!(frames.next(), Ok(None));
}

#[test]
fn blobs_of_an_argument_are_where_they_come_in_the_frame() {
    let order = Order {
        kind: Kind::OneApart,
        ..ORDER
    };
    let blob = vec![4; LARGE];
    let mut out = Vec::new();
    put_order(&mut out, &order, blob.len());
    out.extend_from_slice(&blob);

    let (_, _, frame) = frames(&out, 2 * LARGE).take_large().expect("it is whole");

    let order = Raw::of_large(&frame).and_then(|raw| raw.order());
    let order = order.expect("it is an order");
    assert_eq!(order.kind, Kind::OneApart);
    assert_eq!(cut_apart(order.argument), Some((ORDER.argument, &blob[..])));
    // R4
    for end in 0..LENGTH + ORDER.argument.len() {
        assert_eq!(cut_apart(&order.argument[..end]), None, "{end}");
    }
}

#[test]
fn a_frame_that_is_cut_off_anywhere_waits_for_the_rest() {
    let mut out = Vec::new();
    put_order(&mut out, &ORDER, 0);
    for len in 0..out.len() {
        let mut frames = frames(&out[..len], 100);
        assert!(!frames.has_next(), "{len}");
        assert_eq!(frames.next(), Ok(None), "{len}");
    }
}

// R4: nothing is kept for a length that is only announced.
#[test]
fn a_length_beyond_the_limit_breaks_and_reserves_nothing() {
    let mut frames = frames(&u32::MAX.to_le_bytes(), 1000);
    frames.make_room();

    assert_eq!(frames.next(), Err(Broken(u32::MAX as usize)));
    assert!(frames.buffer.capacity() <= 2 * READ_ROOM);
}

#[test]
fn room_for_a_large_frame_grows_with_what_has_arrived() {
    let announced: u32 = 200 << 20;
    let mut frames = frames(&announced.to_le_bytes(), 256 << 20);

    frames.make_room();

    assert!(frames.buffer.capacity() <= 2 * READ_ROOM);
}

#[test]
fn the_buffer_of_a_large_frame_is_hardly_larger_than_the_frame() {
    let whole = 5 * LARGE + 17;
    let head = outcome_head(1, Tag::Done, whole - HEAD);
    let mut frames = frames(&head, whole);

    while !frames.has_next() {
        frames.make_room();
        let arrived = frames.buffer.capacity().min(whole);
        frames.buffer.resize(arrived, 9);
    }

    assert!(frames.buffer.capacity() <= whole + READ_ROOM);
}

#[test]
fn a_large_frame_goes_on_in_the_buffer_that_was_kept() {
    let shelf = Arc::<Shelf>::default();
    let kept = shelf.lend(vec![0; KEPT_MIN]);
    let place = kept.as_ptr();
    drop(kept);
    let head = outcome_head(1, Tag::Done, KEPT_MIN - HEAD);
    let mut frames = frames(&head, KEPT_MIN).with_shelf(&shelf);

    frames.make_room();

    assert_eq!(frames.buffer, head);
    assert_eq!(frames.buffer.as_ptr(), place);
}

#[test]
fn a_large_frame_is_handed_out_as_the_buffer_and_what_follows_stays() {
    let body = vec![9; LARGE];
    let mut out = outcome_head(1, Tag::Done, body.len()).to_vec();
    out.extend_from_slice(&body);
    out.extend_from_slice(&outcome_head(2, Tag::Failed, 0));
    let mut frames = frames(&out, LARGE);

    let (number, tag, buffer) = frames.take_large().expect("it is whole");

    assert_eq!((number, tag), (1, Some(Tag::Done)));
    assert_eq!(&buffer[HEAD..], body);
    assert!(frames.take_large().is_none());
    let next = frames.next().expect("it fits").expect("it is whole");
    assert_eq!((next.number, next.tag()), (2, Some(Tag::Failed)));
}

#[test]
fn a_page_tells_the_outcomes_and_what_has_begun_and_nothing_of_what_was_there_before() {
    let mut page = outcome_head(1, Tag::Done, 1).to_vec();
    page.push(5);
    page.extend_from_slice(&[0; 4]);
    page.extend_from_slice(&2u64.to_le_bytes());
    page.extend_from_slice(&outcome_head(9, Tag::Done, 0));

    let (outcomes, begun) = read_page(&page);

    let numbers: Vec<_> = outcomes.iter().map(|raw| raw.number).collect();
    assert_eq!((numbers, begun), (vec![1], Some(2)));
    assert_eq!(read_page(&page[..20]).1, None);
    assert_eq!(read_page(&[]), (Vec::new(), None));
    assert_eq!(read_page(&[255; 64]), (Vec::new(), None));
}

#[test]
fn what_is_no_order_is_none() {
    let key = [0; 8];
    for rest in [&[][..], &[5, 0], &[255, 255, 1], &[1, 0, 0xff]] {
        let body = &[&key[..], rest].concat();
        let raw = Raw {
            number: 1,
            byte: 0,
            body,
        };
        assert_eq!(raw.order(), None);
    }
}
