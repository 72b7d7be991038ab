use super::Digest;

fn of_texts(texts: &[&str]) -> u64 {
    let mut digest = Digest::default();
    texts.iter().for_each(|text| digest.mix_text(text));
    digest.value()
}

#[test]
fn texts_that_differ_anywhere_have_different_digests() {
    let texts = [
        "",
        "a",
        "b",
        "a\0",
        "abcdefgh",
        "abcdefgi",
        "abcdefgha",
        "abcdefgh\0",
    ];
    let mut digests: Vec<u64> = texts.iter().map(|text| of_texts(&[text])).collect();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), texts.len());
}

#[test]
fn the_order_counts_and_so_does_where_one_text_ends() {
    assert_ne!(of_texts(&["a", "b"]), of_texts(&["b", "a"]));
    assert_ne!(of_texts(&["ab", "c"]), of_texts(&["a", "bc"]));
}
