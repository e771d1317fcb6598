//! The diagrams of the documents can be drawn: each Mermaid block is read by the grammar of the
//! part of Mermaid that is used here. What is not in it is refused, so that a slip never becomes an
//! error message in place of a picture.

use std::collections::BTreeSet;

use crate::support::{documents, read};

/// The lines of each Mermaid block, with the number of the first one.
fn blocks(document: &str) -> Vec<(usize, Vec<&str>)> {
    let mut found: Vec<(usize, Vec<&str>)> = Vec::new();
    let mut inside = false;
    for (index, line) in document.lines().enumerate() {
        match line.trim() {
            "```mermaid" => {
                inside = true;
                found.push((index + 2, Vec::new()));
            }
            "```" => inside = false,
            text if inside => found.last_mut().unwrap().1.push(text),
            _ => {}
        }
    }
    assert!(!inside, "the last Mermaid block is not closed");
    found
}

/// What is wrong with a diagram, with the line it is in, counted from 0.
fn wrong(lines: &[&str]) -> Option<(usize, String)> {
    let told = match lines.first() {
        Some(&"sequenceDiagram") => sequence(&lines[1..]),
        Some(&"stateDiagram-v2") => states(&lines[1..]),
        first => return Some((0, format!("no diagram begins with {first:?}"))),
    };
    told.err().map(|(index, why)| (index + 1, why))
}

type Told = Result<(), (usize, String)>;

fn sequence(lines: &[&str]) -> Told {
    let mut participants = BTreeSet::new();
    // The word that opened each block that is open, and its line.
    let mut open: Vec<(usize, &str)> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let told = match word {
            "participant" | "actor" => {
                let (name, _) = rest.split_once(" as ").unwrap_or((rest, ""));
                identifier(name).map(|name| participants.insert(name)).and_then(|is_new| {
                    if is_new { Ok(()) } else { Err(format!("{name} is declared twice")) }
                })
            }
            "alt" | "opt" | "loop" => {
                open.push((index, word));
                label(rest)
            }
            // The last case of several may say nothing.
            "else" if open.last().is_some_and(|(_, word)| *word == "alt") => Ok(()),
            "else" => Err("else is not in an alt".to_owned()),
            "end" if rest.is_empty() && open.pop().is_some() => Ok(()),
            "end" => Err("end closes nothing".to_owned()),
            "Note" => note(rest, &participants),
            _ => message(line, &participants),
        };
        told.map_err(|why| (index, format!("{why}: {line}")))?;
    }
    match open.pop() {
        Some((index, word)) => Err((index, format!("{word} is not closed"))),
        None => Ok(()),
    }
}

/// `A->>B: text` or `A-->>B: text`, between participants that are declared.
fn message(line: &str, participants: &BTreeSet<&str>) -> Result<(), String> {
    let (arrow, text) = line.split_once(": ").ok_or("a message needs a colon and a text")?;
    label(text)?;
    let (from, to) = arrow
        .split_once("-->>")
        .or_else(|| arrow.split_once("->>"))
        .ok_or("there is no arrow ->> or -->>")?;
    declared(from, participants)?;
    declared(to, participants)
}

/// `over A: text` or `over A,B: text`.
fn note(rest: &str, participants: &BTreeSet<&str>) -> Result<(), String> {
    let (place, text) = rest.split_once(": ").ok_or("a note needs a colon and a text")?;
    label(text)?;
    let over = place.strip_prefix("over ").ok_or("a note stands over participants")?;
    over.split(',').try_for_each(|name| declared(name, participants))
}

fn declared(name: &str, participants: &BTreeSet<&str>) -> Result<(), String> {
    let is_known = participants.contains(identifier(name)?);
    if is_known { Ok(()) } else { Err(format!("{name} is no participant")) }
}

/// `state: description`, and `from --> to: event`, where `[*]` is the beginning or the end.
fn states(lines: &[&str]) -> Told {
    let mut reached = 0;
    for (index, line) in lines.iter().enumerate() {
        let at = |why: String| (index, format!("{why}: {line}"));
        let (subject, text) = line.split_once(": ").unwrap_or((line, "a beginning or an end"));
        label(text).map_err(at)?;
        let told = match subject.split_once(" --> ") {
            Some((from, to)) => {
                reached += 1;
                state(from).and_then(|()| state(to))
            }
            None => identifier(subject).map(|_| ()),
        };
        told.map_err(at)?;
    }
    if reached == 0 { Err((0, "there is no arrow".to_owned())) } else { Ok(()) }
}

fn state(name: &str) -> Result<(), String> {
    if name == "[*]" { Ok(()) } else { identifier(name).map(|_| ()) }
}

/// Words that Mermaid reads as something else, also inside a longer line.
const RESERVED: [&str; 2] = ["end", "state"];

fn identifier(name: &str) -> Result<&str, String> {
    let is_word =
        !name.is_empty() && name.chars().all(|sign| sign.is_alphanumeric() || sign == '_');
    if is_word && !RESERVED.contains(&name) {
        Ok(name)
    } else {
        Err(format!("{name:?} is no name"))
    }
}

/// A semicolon ends a statement, and a hash begins a sign written as a number.
fn label(text: &str) -> Result<(), String> {
    match text.trim() {
        "" => Err("there is no text".to_owned()),
        text if text.contains([';', '#']) => Err("a text holds ; or #".to_owned()),
        _ => Ok(()),
    }
}

#[test]
fn every_diagram_can_be_drawn() {
    let mut seen = 0;
    for document in documents() {
        for (first, lines) in blocks(&read(&document)) {
            if let Some((index, why)) = wrong(&lines) {
                panic!("{document}:{}: {why}", first + index);
            }
            seen += 1;
        }
    }
    assert!(seen >= 9, "diagrams are found: {seen}");
}

#[test]
fn the_flows_that_users_ask_for_are_drawn() {
    let flows = read("docs/flows.md");
    for title in ["Configure", "Disconnect", "An order on the payment page", "A command"] {
        let (_, section) = flows.split_once(&format!("\n## {title}\n")).unwrap();
        let section = section.split("\n## ").next().unwrap();
        assert!(!blocks(section).is_empty(), "{title} has a diagram");
    }
}

#[test]
fn diagrams_that_cannot_be_drawn_are_found() {
    let told = |text: &str| {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        wrong(&lines).map(|(index, why)| format!("{index}: {why}"))
    };
    let sequence =
        |text: &str| told(&format!("sequenceDiagram\nparticipant A\nactor B as Bee\n{text}"));
    assert_eq!(sequence("A->>B: asks\nalt yes\nB-->>A: yes\nelse\nNote over A,B: no\nend"), None);
    assert_eq!(sequence("A->B: asks").unwrap(), "3: there is no arrow ->> or -->>: A->B: asks");
    assert_eq!(sequence("A->>C: asks").unwrap(), "3: C is no participant: A->>C: asks");
    assert_eq!(sequence("A->>B").unwrap(), "3: a message needs a colon and a text: A->>B");
    assert_eq!(sequence("A->>B: a; b").unwrap(), "3: a text holds ; or #: A->>B: a; b");
    assert_eq!(sequence("loop each day\nA->>B: asks").unwrap(), "3: loop is not closed");
    assert_eq!(sequence("opt yes\nelse no\nend").unwrap(), "4: else is not in an alt: else no");
    assert_eq!(sequence("A->>B: asks\nend").unwrap(), "4: end closes nothing: end");
    assert_eq!(sequence("participant A").unwrap(), "3: A is declared twice: participant A");
    assert_eq!(told("stateDiagram-v2\n[*] --> new\nnew --> paid: captured"), None);
    assert_eq!(
        told("stateDiagram-v2\nnew -> paid: captured").unwrap(),
        "1: \"new -> paid\" is no name: new -> paid: captured"
    );
    assert_eq!(told("graph TD").unwrap(), "0: no diagram begins with Some(\"graph TD\")");
}
