//! Where one message ends and the next begins; knows nothing of what messages say.
//!
//! Source: `lsp/io.ml` and `petanque/json_shell/{pet,server}.ml` of coq-lsp.

use memchr::{memchr, memmem};

/// How messages are told apart in a stream of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// A header with the length of the body, as the language server protocol has it: what `pet` speaks.
    Header,
    /// One message a line: what `pet-server` speaks.
    Line,
}

/// A stream that is not framed as it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// A header that names no length.
    #[error("a message has the length `{0}`")]
    Length(String),
    /// A message that is too long to be read.
    #[error("a message is longer than {limit} bytes")]
    TooLong {
        /// Bytes.
        limit: u64,
    },
}

/// What the line of a header starts with that says how long the body is.
const LENGTH: &[u8] = b"Content-Length:";

impl Framing {
    /// A message as bytes.
    pub fn encode(self, body: &str) -> Vec<u8> {
        match self {
            Self::Header => format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes(),
            Self::Line => format!("{body}\n").into_bytes(),
        }
    }

    /// Takes the body of the first message off what was read so far; nothing if it is not all there yet.
    ///
    /// Text between messages, as a library may print it, is passed over where the framing tells it from a message.
    pub fn next(self, unread: &mut Vec<u8>, limit: u64) -> Result<Option<Vec<u8>>, BadFrame> {
        let body = match self {
            Self::Header => header(unread)?,
            Self::Line => memchr(b'\n', unread).map(|newline| Body { start: 0, length: newline as u64 + 1 }),
        };
        let there = unread.len() as u64;
        if body.as_ref().map_or(there, |body| body.length) > limit {
            return Err(BadFrame::TooLong { limit });
        }
        match body {
            Some(Body { start, length }) if there - start as u64 >= length => {
                let end = start + usize::try_from(length).unwrap_or(usize::MAX);
                let rest = unread.split_off(end);
                let mut message = std::mem::replace(unread, rest);
                message.drain(..start);
                Ok(Some(message))
            }
            _ => Ok(None),
        }
    }
}

/// Where a body lies, whole or not.
struct Body {
    start: usize,
    length: u64,
}

/// Reads up to the blank line that ends a header.
fn header(unread: &[u8]) -> Result<Option<Body>, BadFrame> {
    let mut start = 0;
    let mut length = None;
    while let Some(newline) = memchr(b'\n', &unread[start..]) {
        let line = &unread[start..start + newline];
        start += newline + 1;
        // Text that ended with no new line may stand before the header.
        if let Some(found) = memmem::find(line, LENGTH) {
            let digits = String::from_utf8_lossy(&line[found + LENGTH.len()..]).trim().to_owned();
            length = Some(digits.parse().map_err(|_| BadFrame::Length(digits))?);
        } else if let Some(length) = length
            && line.trim_ascii().is_empty()
        {
            return Ok(Some(Body { start, length }));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: u64 = 1 << 20;

    /// Feeds a stream chunk by chunk and gives every message that comes out.
    fn messages(framing: Framing, stream: &[u8], chunk: usize) -> Vec<String> {
        let mut unread = Vec::new();
        let mut found = Vec::new();
        for bytes in stream.chunks(chunk) {
            unread.extend_from_slice(bytes);
            while let Some(message) = framing.next(&mut unread, LIMIT).unwrap() {
                found.push(String::from_utf8(message).unwrap().trim_end().to_owned());
            }
        }
        assert!(unread.is_empty(), "{unread:?}");
        found
    }

    proptest! {
        #[test]
        fn m16_messages_come_out_whole_whatever_the_chunks(
            bodies in proptest::collection::vec("[^\r\n]{1,40}[a≤𝔸∀]", 1..6),
            chunk in 1_usize..50,
        ) {
            for framing in [Framing::Header, Framing::Line] {
                let stream = bodies.iter().flat_map(|body| framing.encode(body)).collect::<Vec<_>>();
                let trimmed = bodies.iter().map(|body| body.trim_end().to_owned()).collect::<Vec<_>>();
                prop_assert_eq!(messages(framing, &stream, chunk), trimmed);
            }
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for framing in [Framing::Header, Framing::Line] {
                let _ = framing.next(&mut bytes.clone(), LIMIT);
                let _ = framing.next(&mut [b"Content-Length: 5\r\n\r\n".as_slice(), &bytes].concat(), LIMIT);
            }
        }
    }

    #[test]
    fn text_between_messages_is_passed_over() {
        let stream = b"hello\nwarning: xContent-Length: 3\r\nContent-Type: json\r\n\r\n{}\nContent-Length: 1\r\n\r\n1";
        for chunk in 1..stream.len() {
            assert_eq!(messages(Framing::Header, stream, chunk), ["{}", "1"]);
        }
    }

    #[test]
    fn a_length_that_is_none_and_one_that_is_too_much_are_errors() {
        let next = |text: &str| Framing::Header.next(&mut text.as_bytes().to_vec(), LIMIT);
        assert_eq!(next("Content-Length: x\r\n"), Err(BadFrame::Length("x".to_owned())));
        assert_eq!(next("Content-Length: 18446744073709551615\r\n\r\n"), Err(BadFrame::TooLong { limit: LIMIT }));
        let endless = vec![b'x'; 2 << 20];
        assert_eq!(Framing::Line.next(&mut endless.clone(), LIMIT), Err(BadFrame::TooLong { limit: LIMIT }));
        assert_eq!(Framing::Header.next(&mut endless.clone(), LIMIT), Err(BadFrame::TooLong { limit: LIMIT }));
    }
}
