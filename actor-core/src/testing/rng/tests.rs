use super::Rng;

#[test]
fn the_numbers_are_those_of_the_published_generator() {
    let mut rng = Rng {
        state: [1, 2, 3, 4],
    };
    let numbers: Vec<u64> = (0..5).map(|_| rng.next_u64()).collect();
    let published = [
        41_943_041,
        58_720_359,
        3_588_806_011_781_223,
        3_591_011_842_654_386,
        9_228_616_714_210_784_205,
    ];
    assert_eq!(numbers, published);
}

#[test]
fn each_seed_and_each_purpose_has_a_stream_of_its_own() {
    let first = |seed, purpose| Rng::stream(seed, purpose).next_u64();
    let mut firsts: Vec<u64> = (0..1_000)
        .flat_map(|seed| [first(seed, "order"), first(seed, "faults"), first(seed, "")])
        .collect();
    firsts.sort_unstable();
    firsts.dedup();
    assert_eq!(firsts.len(), 3_000);
}

#[test]
fn numbers_below_a_bound_are_spread_over_all_of_it() {
    let mut rng = Rng::stream(1, "spread");
    let mut counts = [0; 7];
    (0..70_000).for_each(|_| counts[rng.below(7) as usize] += 1);
    assert!(
        counts.iter().all(|count| (9_500..10_500).contains(count)),
        "{counts:?}"
    );
    assert_eq!(rng.below(0), 0);
}

#[test]
fn a_chance_comes_as_often_as_it_says() {
    let mut rng = Rng::stream(1, "chance");
    let hits = (0..10_000).filter(|_| rng.chance(0.25)).count();
    assert!((2_300..2_700).contains(&hits), "{hits}");
}
