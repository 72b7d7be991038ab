use super::*;
use crate::exit;

fn parsed(text: &str) -> Vec<u64> {
    parse(text.as_bytes(), "list.txt").unwrap()
}

#[track_caller]
fn check_refused(bytes: &[u8], parts: &[&str]) {
    let refusal = parse(bytes, "list.txt").expect_err("must be refused");

    assert_eq!(refusal.code(), exit::USAGE);
    let refusal = refusal.to_string();
    for part in parts {
        assert!(refusal.contains(part), "{part:?} is missing in {refusal:?}");
    }
}

#[test]
fn numbers_are_taken_one_per_line_in_order_and_with_repeats() {
    assert_eq!(
        parsed("7\n2\n7\n18446744073709551615\n0"),
        [7, 2, 7, u64::MAX, 0]
    );
}

#[test]
fn blank_lines_comments_and_white_space_are_skipped() {
    assert_eq!(
        parsed("\u{feff}# some primes\n\n  2\t\r\n   \n3 # the next\n#5\n"),
        [2, 3]
    );
}

#[test]
fn a_fault_is_told_by_file_line_and_text() {
    check_refused(
        b"2\n\n# three\nthree\n5\nfive\n",
        &["list.txt", "line 4", "\"three\"", "no whole number"],
    );
    check_refused(b"2\n3.5", &["line 2", "\"3.5\""]);
    check_refused(b"-7", &["line 1", "\"-7\"", "no whole number"]);
    check_refused(b"+7", &["line 1", "\"+7\""]);
    check_refused(b"2 3", &["line 1", "\"2 3\"", "one per line"]);
}

#[test]
fn a_number_beyond_64_bits_is_told_the_limit() {
    check_refused(
        b"18446744073709551616",
        &["line 1", "too large", "18446744073709551615"],
    );
}

#[test]
fn a_list_without_numbers_is_refused() {
    check_refused(b"", &["list.txt", "holds no number"]);
    check_refused(b"# nothing\n\n", &["list.txt", "holds no number"]);
}

#[test]
fn bytes_that_are_no_text_are_refused_and_cut_short() {
    check_refused(b"2\n\xff\xfe", &["line 2"]);

    let endless = vec![b'x'; 100_000];
    check_refused(&endless, &["line 1", "and so on"]);
    assert!(parse(&endless, "list.txt").unwrap_err().to_string().len() < 300);
}

#[test]
fn a_missing_file_and_a_folder_are_refused_by_name() {
    for path in ["/nonexistent/numbers.txt", "/"] {
        let refusal = read(Path::new(path)).unwrap_err();

        assert_eq!(refusal.code(), exit::USAGE);
        assert!(refusal.to_string().contains(path), "{refusal}");
    }
}
