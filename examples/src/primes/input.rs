//! The list of numbers: the classic twenty, or one per line from a file or standard input.
//!
//! Nothing is run on a list with a fault in it, so the fault is named precisely: file, line, text.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::exit::Failure;

/// The numbers of the classic multi-core prime checker; nine of them are prime.
pub(super) const CLASSIC: [u64; 20] = [
    2,
    142702110479723,
    299593572317531,
    3333333333333301,
    3333333333333333,
    3333335652092209,
    4444444444444423,
    4444444444444444,
    4444444488888889,
    5555553133149889,
    5555555555555503,
    5555555555555555,
    6666666666666666,
    6666666666666719,
    6666667141414921,
    7777777536340681,
    7777777777777753,
    7777777777777777,
    9999999999999917,
    9999999999999999,
];

/// Longer texts are cut in error messages: a binary file may be one endless line.
const SHOWN_TEXT_LEN_MAX: usize = 60;

/// Reads the list from `path`; `-` is standard input.
///
/// # Errors
/// If it cannot be read, a line is no number, or no line holds one.
pub(super) fn read(path: &Path) -> Result<Vec<u64>, Failure> {
    let mut bytes = Vec::new();
    let is_stdin = path == Path::new("-");
    let name = if is_stdin {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let outcome = if is_stdin {
        io::stdin().lock().read_to_end(&mut bytes).map(drop)
    } else {
        read_file(path, &mut bytes)
    };
    outcome.map_err(|error| {
        Failure::Input(format!("cannot read the numbers from {name}: {error}; --input takes a text file, or - for standard input"))
    })?;
    parse(&bytes, &name)
}

fn read_file(path: &Path, bytes: &mut Vec<u8>) -> io::Result<()> {
    fs::File::open(path)?.read_to_end(bytes).map(drop)
}

/// Parses the list in `bytes`, which came from `name`.
fn parse(bytes: &[u8], name: &str) -> Result<Vec<u64>, Failure> {
    // What some editors put in front of UTF-8 text.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);

    let mut numbers = Vec::new();
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        // A line that is no UTF-8 is no number either; the lossy text serves to show it.
        let line = String::from_utf8_lossy(line);
        let text = line.split('#').next().unwrap_or_default().trim();
        if text.is_empty() {
            continue;
        }
        numbers.push(parse_number(text).map_err(|fault| {
            Failure::Input(format!(
                "{name}, line {}: {} {fault}",
                index + 1,
                shown(text)
            ))
        })?);
    }
    if numbers.is_empty() {
        return Err(Failure::Input(format!(
            "{name} holds no number: give one whole number per line"
        )));
    }
    Ok(numbers)
}

fn parse_number(text: &str) -> Result<u64, String> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("is no whole number; give one per line, in digits only".to_owned());
    }
    // Of a text of digits only, nothing but its size can be wrong.
    text.parse()
        .map_err(|_| format!("is too large; the largest number is {}", u64::MAX))
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_TEXT_LEN_MAX) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?} (and so on)", &text[..end]),
    }
}

#[cfg(test)]
mod tests;
