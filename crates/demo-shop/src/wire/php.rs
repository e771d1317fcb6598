//! JSON as PHP writes it: with slashes and everything outside of ASCII escaped.

use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter};

/// Writes the body of a call.
#[must_use]
pub fn call<T: Serialize>(value: &T) -> String {
    write(value, "")
}

/// Writes the payload of a message, where the shop escapes what could be read as markup, too.
#[must_use]
pub fn message<T: Serialize>(value: &T) -> String {
    write(value, "<>&'\"")
}

fn write<T: Serialize>(value: &T, hexed: &'static str) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Php { hexed });
    match value.serialize(&mut serializer) {
        Ok(()) => String::from_utf8(bytes).unwrap_or_default(),
        Err(error) => {
            tracing::error!(%error, "a value of the shop's own cannot be written: this is a bug");
            String::new()
        }
    }
}

struct Php {
    /// Characters that are written by their number.
    hexed: &'static str,
}

impl Formatter for Php {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for letter in fragment.chars() {
            if letter == '/' {
                writer.write_all(b"\\/")?;
            } else if letter.is_ascii() && !self.hexed.contains(letter) {
                write!(writer, "{letter}")?;
            } else {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    // PHP writes the five of HTML in upper case, all others in lower case.
                    if letter.is_ascii() {
                        write!(writer, "\\u{unit:04X}")?;
                    } else {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        match escape {
            CharEscape::Quote if self.hexed.contains('"') => writer.write_all(b"\\u0022"),
            CharEscape::Quote => writer.write_all(b"\\\""),
            CharEscape::ReverseSolidus => writer.write_all(b"\\\\"),
            CharEscape::Solidus => writer.write_all(b"\\/"),
            CharEscape::Backspace => writer.write_all(b"\\b"),
            CharEscape::FormFeed => writer.write_all(b"\\f"),
            CharEscape::LineFeed => writer.write_all(b"\\n"),
            CharEscape::CarriageReturn => writer.write_all(b"\\r"),
            CharEscape::Tab => writer.write_all(b"\\t"),
            CharEscape::AsciiControl(byte) => write!(writer, "\\u{byte:04x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_from_a_shop() {
        assert_eq!(call(&"a/b Söhne & <b>\" 😀\n"), r#""a\/b S\u00f6hne & <b>\" \ud83d\ude00\n""#);
        assert_eq!(message(&"<&'\">/"), r#""\u003C\u0026\u0027\u0022\u003E\/""#);
    }
}
