//! Any text may be a source: its sentences lie in it in order, and between them stand blanks and comments alone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rocq_distill::rocq::sentence::{self, Shape};
use rocq_distill::rocq::vernac;

fuzz_target!(|text: &str| {
    let sentences = sentence::split(text);
    let mut end = 0;
    for (index, sentence) in sentences.iter().enumerate() {
        let range = sentence.range.clone();
        assert!(end <= range.start && range.start < range.end && range.end <= text.len(), "{range:?}");
        assert!(sentence::split(&text[end..range.start]).is_empty(), "a sentence lies before {range:?}");
        assert!(sentence.shape != Shape::Unfinished || index + 1 == sentences.len());
        let piece = &text[range.clone()];
        // Only at the start of a text is a byte order mark skipped.
        if piece.starts_with('\u{feff}') {
            end = range.end;
            continue;
        }
        let again = sentence::split(piece);
        assert_eq!(again.len(), 1, "{piece:?} is one sentence");
        assert_eq!(again[0].range, 0..piece.len());
        // `x .(* y` is unfinished, as no blank stands behind the period; without the comment the period ends it.
        assert!(again[0].shape == sentence.shape || sentence.shape == Shape::Unfinished);
        let _ = (vernac::role(piece, sentence.shape), vernac::theorem_kind(piece), vernac::stated_name(piece));
        let _ =
            (vernac::is_harmless(piece), vernac::keeps_context(piece), vernac::printing(piece, piece.len() % 2 == 0));
        end = range.end;
    }
    assert!(sentence::split(&text[end..]).is_empty(), "a sentence lies after the last one");
});
