use super::*;

fn dealt(seed: u64, count: usize) -> Vec<Deed> {
    let (mut dice, mut deck) = (Dice::new(seed), Deck::new(DEEDS));
    std::iter::repeat_with(|| deck.deal(&mut dice))
        .take(count)
        .collect()
}

#[test]
fn the_same_seed_deals_the_same_cards_and_another_one_others() {
    assert_eq!(dealt(7, 100), dealt(7, 100));
    assert_ne!(dealt(7, 100), dealt(8, 100));
}

#[test]
fn one_deal_of_a_deck_holds_each_card_as_often_as_the_deck() {
    let size = DEEDS.iter().map(|(_, count)| count).sum();
    for seed in 0..20 {
        let once = dealt(seed, 2 * size).split_off(size);

        for (deed, count) in DEEDS {
            let times = once.iter().filter(|other| *other == deed).count();
            assert_eq!(times, *count, "{deed} under seed {seed}");
        }
    }
}

#[test]
fn a_span_lies_between_its_ends() {
    let mut dice = Dice::new(3);
    let spans: Vec<Duration> = (0..200).map(|_| dice.millis(5, 8)).collect();

    for millis in 5..=8 {
        assert!(spans.contains(&Duration::from_millis(millis)), "{millis}");
    }
    assert!(spans.iter().all(|span| (5..=8).contains(&span.as_millis())));
}

#[test]
fn dice_that_were_split_off_go_their_own_way() {
    let mut dice = Dice::new(1);
    let (mut one, mut other) = (dice.split(), dice.split());

    assert_ne!(one.roll(), other.roll());
    assert_eq!(Dice::new(1).below(0), 0);
}
