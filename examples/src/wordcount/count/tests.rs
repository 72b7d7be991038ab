use super::*;
use crate::testing::Scratch;

fn counted(text: &str) -> Vec<(String, u64)> {
    let mut counts = Counts::new();
    count_words(text, &mut counts);
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort();
    counts
}

#[track_caller]
fn check(text: &str, expected: &[(&str, u64)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|&(word, count)| (word.to_owned(), count))
        .collect();
    assert_eq!(counted(text), expected, "{text:?}");
}

#[test]
fn words_are_longest_runs_of_letters_and_digits() {
    check("", &[]);
    check(" \n--- ... ", &[]);
    check("one,two;two", &[("one", 1), ("two", 2)]);
    check(
        "Don't snake_case x2 3.14",
        &[
            ("14", 1),
            ("3", 1),
            ("case", 1),
            ("don", 1),
            ("snake", 1),
            ("t", 1),
            ("x2", 1),
        ],
    );
}

#[test]
fn words_are_lower_cased_in_every_script() {
    check("The THE the", &[("the", 3)]);
    check("Größe GRÖSSE größe", &[("grösse", 1), ("größe", 2)]);
    check("ΟΔΟΣ οδος", &[("οδος", 2)]);
    check("東京 東京", &[("東京", 2)]);
}

#[test]
fn a_file_is_counted_across_lines_of_any_ending() {
    let scratch = Scratch::new("lines");
    let path = scratch.write("text.txt", "One two\r\ntwo\n\nthree ünö".as_bytes());

    let FileCount::Counted { bytes, counts } = count_file(path.into_os_string()) else {
        panic!("skipped")
    };

    assert_eq!(bytes, 25);
    assert_eq!(
        top(&counts, 9),
        [("two", 2), ("one", 1), ("three", 1), ("ünö", 1)]
    );
}

#[test]
fn an_empty_file_is_counted_and_has_no_words() {
    let scratch = Scratch::new("empty-file");
    let path = scratch.write("empty.txt", b"");

    assert_eq!(
        count_file(path.into_os_string()),
        FileCount::Counted {
            bytes: 0,
            counts: Counts::new()
        }
    );
}

#[test]
fn a_file_that_is_no_utf8_is_skipped_as_a_whole_with_the_place() {
    let scratch = Scratch::new("latin1");
    let path = scratch.write("latin1.txt", b"fine\nna\xefve\n");

    let FileCount::Skipped { reason } = count_file(path.into_os_string()) else {
        panic!("counted")
    };

    assert_eq!(reason, "not UTF-8 text (at byte 7)");
}

#[test]
fn a_file_that_cannot_be_read_is_skipped_with_the_reason() {
    for path in ["/nonexistent/file.txt", "/"] {
        let FileCount::Skipped { reason } = count_file(path.into()) else {
            panic!("counted")
        };

        assert!(!reason.is_empty());
    }
}

#[test]
fn merged_counts_are_the_counts_of_the_whole() {
    let (mut whole, mut left, mut right) = (Counts::new(), Counts::new(), Counts::new());
    count_words("a b b c b a", &mut whole);
    count_words("a b b", &mut left);
    count_words("c b a", &mut right);

    merge(&mut left, right);

    assert_eq!(left, whole);
    assert_eq!(words(&left), 6);
}

#[test]
fn the_top_is_by_frequency_and_then_by_alphabet() {
    let mut counts = Counts::new();
    count_words("d c c b b a", &mut counts);

    assert_eq!(top(&counts, 3), [("b", 2), ("c", 2), ("a", 1)]);
    assert_eq!(top(&counts, 10).len(), 4);
}
