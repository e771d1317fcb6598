//! The texts in our sources: string literals, each with the calls and attributes it stands in.

use std::iter::Peekable;
use std::str::Chars;

/// A string literal of a source file.
#[derive(Debug, PartialEq, Eq)]
pub struct Literal {
    /// Its text; every placeholder is an ellipsis.
    pub text: String,
    /// What it stands in, from the outside in: `#`, `error`, `tracing::warn!`, `Failure::new`.
    pub inside: Vec<String>,
}

/// What a literal stands in directly when it is a format string.
const FORMATS: [&str; 9] = [
    "format!",
    "error",
    "anyhow!",
    "bail!",
    "ensure!",
    "write!",
    "tracing::error!",
    "tracing::warn!",
    "tracing::info!",
];

impl Literal {
    fn new(text: &str, inside: Vec<String>) -> Self {
        let is_format = inside.last().is_some_and(|name| FORMATS.contains(&name.as_str()));
        let text = if is_format { unplaced(text) } else { text.to_owned() };
        Self { text, inside }
    }

    /// Whether it stands in a call, macro or attribute of one of these names.
    pub fn is_in(&self, names: &[&str]) -> bool {
        self.inside.iter().any(|name| names.contains(&name.as_str()))
    }

    /// Whether it is written for people: at least three words.
    pub fn is_sentence(&self) -> bool {
        let is_word = |word: &&str| word.chars().any(char::is_alphabetic);
        self.text.split_whitespace().filter(is_word).count() >= 3
    }
}

/// Every string literal of a source file; its own tests are left out.
pub fn literals(source: &str) -> Vec<Literal> {
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut scanner = Scanner { rest: code.chars().peekable(), name: String::new(), open: vec![] };
    let mut found = Vec::new();
    while let Some(literal) = scanner.next_literal() {
        found.push(literal);
    }
    found
}

struct Scanner<'a> {
    rest: Peekable<Chars<'a>>,
    /// What was read last of a name, with `::`, `!` and `#`.
    name: String,
    /// The names before the brackets that are open.
    open: Vec<String>,
}

impl Scanner<'_> {
    fn next_literal(&mut self) -> Option<Literal> {
        loop {
            match self.rest.next()? {
                '/' if self.rest.peek() == Some(&'/') => self.skip_line(),
                '"' => {
                    let raw = self.name.trim_end_matches('#').ends_with('r');
                    let hashes = self.name.chars().rev().take_while(|sign| *sign == '#').count();
                    let text = if raw { self.raw(hashes) } else { self.quoted() };
                    self.name.clear();
                    return Some(Literal::new(&text, self.open.clone()));
                }
                '\'' => self.skip_character(),
                '(' | '[' | '{' => self.open.push(std::mem::take(&mut self.name)),
                ')' | ']' | '}' => {
                    self.open.pop();
                    self.name.clear();
                }
                sign if sign.is_alphanumeric() || "_:!#".contains(sign) => self.name.push(sign),
                _ => self.name.clear(),
            }
        }
    }

    fn skip_line(&mut self) {
        while self.rest.next().is_some_and(|sign| sign != '\n') {}
    }

    /// Either a character, which may be a quotation mark, or a lifetime.
    fn skip_character(&mut self) {
        match self.rest.next() {
            Some('\\') => {
                self.rest.next();
                while self.rest.next().is_some_and(|sign| sign != '\'') {}
            }
            Some(_) if self.rest.peek() == Some(&'\'') => {
                self.rest.next();
            }
            Some(_) | None => {}
        }
    }

    fn raw(&mut self, hashes: usize) -> String {
        let end = format!("\"{}", "#".repeat(hashes));
        let mut text = String::new();
        for sign in self.rest.by_ref() {
            text.push(sign);
            if text.ends_with(&end) {
                break;
            }
        }
        text.trim_end_matches(&end).to_owned()
    }

    fn quoted(&mut self) -> String {
        let mut text = String::new();
        while let Some(sign) = self.rest.next() {
            match sign {
                '"' => break,
                '\\' => match self.rest.next() {
                    // The rest of the line and the indentation of the next one are not of it.
                    Some('\n') => while self.rest.next_if(|sign| sign.is_whitespace()).is_some() {},
                    Some('n') => text.push('\n'),
                    Some(escaped) => text.push(escaped),
                    None => break,
                },
                sign => text.push(sign),
            }
        }
        text
    }
}

/// A format string without its placeholders: each becomes an ellipsis, doubled braces single ones.
fn unplaced(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars().peekable();
    while let Some(sign) = rest.next() {
        match sign {
            '{' if rest.next_if_eq(&'{').is_some() => plain.push('{'),
            '}' if rest.next_if_eq(&'}').is_some() => plain.push('}'),
            '{' => {
                while rest.next().is_some_and(|sign| sign != '}') {}
                plain.push('…');
            }
            sign => plain.push(sign),
        }
    }
    plain
}

#[test]
fn literals_are_found_with_what_they_stand_in() {
    let source = r##"
        #[error("the {0:?} is {{gone}}: \
                 look")] // "no literal"
        fn f<'a>(x: &'a str) { call('"', x.of(&["b"]), format!("c \"d\" {e}")); g(r#"h "i" {j}"#) }
        #[cfg(test)]
"##;
    let source = format!("{source}mod tests {{ \"k\" }}").replace("        #[cfg", "#[cfg");
    let found: Vec<(String, String)> = literals(&source)
        .into_iter()
        .map(|literal| (literal.text, literal.inside.join(" ")))
        .collect();
    let expected = [
        ("the … is {gone}: look", "# error"),
        ("b", " call of "),
        ("c \"d\" …", " call format!"),
        ("h \"i\" {j}", " g"),
    ];
    let expected = expected.map(|(text, inside)| (text.to_owned(), inside.to_owned()));
    assert_eq!(found, expected);
}
