//! A job's output for readers that have no terminal.

/// All of it but what is for a terminal alone: sequences that color, erase or move (`ESC [ …`).
pub(crate) fn without_sequences(bytes: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\x1b[") {
        let (before, sequence) = rest.split_at(at);
        kept.extend_from_slice(before);
        let parameters = sequence[2..].iter().take_while(|byte| matches!(byte, 0x20..=0x3f)).count();
        if let Some(0x40..=0x7e) = sequence.get(2 + parameters) {
            rest = &sequence[parameters + 3..];
        } else {
            // It is cut, or none.
            kept.extend_from_slice(&sequence[..2]);
            rest = &sequence[2..];
        }
    }
    kept.extend_from_slice(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_a_terminal_alone_is_left_out() {
        let plain = |bytes: &[u8]| String::from_utf8(without_sequences(bytes)).expect("text");
        assert_eq!(plain(b"\x1b[1;31mred\x1b[m\x1b[K\n\x1b[2Jx"), "red\nx");
        assert_eq!(plain(b"\x1b[31"), "\x1b[31", "cut");
        assert_eq!(plain(b"\x1b[\x1b[0mx\x1b"), "\x1b[x\x1b", "none");
        assert_eq!(plain(b"\x1b]0;t\x07"), "\x1b]0;t\x07", "what else acts is for others to escape");
    }
}
