//! Reading the file and the variables into one set of raw values, each with where it came from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::config::error::{ConfigError, Problem};
use crate::config::keys::{self, Fallback, Key};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The table of keys.
    Default,
    /// The file.
    File(PathBuf),
    /// The variable of its key.
    Variable(&'static str),
}

impl Origin {
    /// Names the key as the person who set it knows it.
    #[must_use]
    pub fn describe(&self, name: &str) -> String {
        match self {
            Self::Default => format!("`{name}`"),
            Self::File(path) => format!("{}: `{name}`", path.display()),
            Self::Variable(variable) => (*variable).to_owned(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Variable(variable) => formatter.write_str(variable),
        }
    }
}

/// What a configuration is read from, before anything is understood of it.
///
/// It may hold secrets, so it is not `Debug`.
#[derive(Default)]
pub struct Sources {
    /// The file that was read, with its text.
    pub file: Option<(PathBuf, String)>,
    /// The environment, or what stands for it.
    pub variables: Vec<(OsString, OsString)>,
}

impl Sources {
    /// The environment of this process, and the file: the named one, or the one that
    /// [`keys::CONFIG_VARIABLE`] names, or [`keys::DEFAULT_FILE`] if it is there.
    ///
    /// # Errors
    /// When a named file cannot be read, or the default one is there and cannot be read.
    pub fn of_process(named: Option<&Path>) -> Result<Self, ConfigError> {
        let by_variable = std::env::var_os(keys::CONFIG_VARIABLE).filter(|name| !name.is_empty());
        let named = named.or(by_variable.as_deref().map(Path::new));
        let path = named.unwrap_or(Path::new(keys::DEFAULT_FILE));
        let file = match std::fs::read_to_string(path) {
            Ok(text) => Some((path.to_owned(), text)),
            Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                let path = path.to_owned();
                return Err(Problem::Unreadable { path, reason: error.to_string() }.into());
            }
        };
        Ok(Self { file, variables: std::env::vars_os().collect() })
    }
}

/// The raw value of a key.
///
/// It may be a secret, so it is not `Debug`.
pub struct Setting {
    /// The value as text.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// The raw value of every key that has one.
pub struct Settings {
    values: BTreeMap<&'static str, Setting>,
    /// The file that was read.
    pub file: Option<PathBuf>,
}

impl Settings {
    /// Puts defaults, file and variables together; a later one wins.
    ///
    /// # Errors
    /// When the file is no TOML, has a value of the wrong type, or there are unknown keys or
    /// variables: everything of that is told at once.
    pub fn gather(sources: Sources) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let mut values = defaults();
        if let Some((path, text)) = &sources.file {
            match text.parse::<toml::Table>() {
                Ok(table) => take_table(path, "", table, &mut values, &mut problems),
                Err(error) => problems.push(syntax_problem(path, text, &error)),
            }
        }
        take_variables(sources.variables, &mut values, &mut problems);
        if problems.is_empty() {
            Ok(Self { values, file: sources.file.map(|(path, _)| path) })
        } else {
            Err(ConfigError::new(problems))
        }
    }

    /// The raw value of a key, if it has one.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Setting> {
        self.values.get(key.name)
    }
}

fn defaults() -> BTreeMap<&'static str, Setting> {
    keys::all()
        .filter_map(|key| match key.fallback {
            Fallback::Value(value) => {
                Some((key.name, Setting { value: value.to_owned(), origin: Origin::Default }))
            }
            Fallback::Derived(_) | Fallback::Required(_) | Fallback::Nothing => None,
        })
        .collect()
}

/// The parser's own text quotes the line, which may hold a secret: only its reason is taken.
fn syntax_problem(path: &Path, text: &str, error: &toml::de::Error) -> Problem {
    let start = error.span().map_or(0, |span| span.start);
    let line = 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
    Problem::Syntax { path: path.to_owned(), line, reason: error.message().to_owned() }
}

/// Takes the values of a table, and of the tables in it, whose names then begin with `prefix`.
fn take_table(
    path: &Path,
    prefix: &str,
    table: toml::Table,
    values: &mut BTreeMap<&'static str, Setting>,
    problems: &mut Vec<Problem>,
) {
    for (name, value) in table {
        let name = format!("{prefix}{name}");
        let known = keys::all().find(|key| key.name == name);
        match (known, value) {
            (Some(key), value) => match take_value(path, key, &value) {
                Ok(setting) => {
                    values.insert(key.name, setting);
                }
                Err(problem) => problems.push(problem),
            },
            (None, toml::Value::Table(inner)) if !inner.is_empty() => {
                take_table(path, &format!("{name}."), inner, values, problems);
            }
            (None, _) => {
                let suggestion = suggestion(&name, keys::all().map(|key| key.name));
                problems.push(Problem::UnknownKey { path: path.to_owned(), name, suggestion });
            }
        }
    }
}

fn take_value(path: &Path, key: &'static Key, value: &toml::Value) -> Result<Setting, Problem> {
    let wrong = |found| Problem::WrongType {
        path: path.to_owned(),
        name: key.name,
        found,
        expected: key.kind.expects(),
    };
    let value = match value {
        toml::Value::String(text) if !key.kind.is_number() => text.clone(),
        toml::Value::Integer(number) if key.kind.is_number() => number.to_string(),
        toml::Value::String(_) => return Err(wrong("text in quotes")),
        toml::Value::Integer(_) => return Err(wrong("a number")),
        toml::Value::Float(_) => return Err(wrong("a number with a point")),
        toml::Value::Boolean(_) => return Err(wrong("true or false")),
        toml::Value::Datetime(_) => return Err(wrong("a date or time")),
        toml::Value::Array(_) => return Err(wrong("a list")),
        toml::Value::Table(_) => return Err(wrong("a table")),
    };
    Ok(Setting { value, origin: Origin::File(path.to_owned()) })
}

/// An empty variable counts as not set: that is what compose files make of an absent one.
fn take_variables(
    variables: Vec<(OsString, OsString)>,
    values: &mut BTreeMap<&'static str, Setting>,
    problems: &mut Vec<Problem>,
) {
    let mut ours: Vec<(String, OsString)> = variables
        .into_iter()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
        .filter(|(name, _)| name.starts_with(keys::VARIABLE_PREFIX))
        .filter(|(name, _)| name != keys::CONFIG_VARIABLE)
        .collect();
    ours.sort();
    for (name, value) in ours {
        let Some(key) = keys::all().find(|key| key.variable == name) else {
            let known = keys::all().map(|key| key.variable).chain([keys::CONFIG_VARIABLE]);
            let suggestion = suggestion(&name, known);
            problems.push(Problem::UnknownVariable { name, suggestion });
            continue;
        };
        match value.into_string() {
            Ok(value) if value.is_empty() => {}
            Ok(value) => {
                let origin = Origin::Variable(key.variable);
                values.insert(key.name, Setting { value, origin });
            }
            Err(_) => problems.push(Problem::NotText { name }),
        }
    }
}

/// Names the nearest of the known names; as a question when it is near enough to be a slip of the
/// hand.
fn suggestion(name: &str, known: impl Iterator<Item = &'static str>) -> String {
    /// From 0, nothing alike, to 1, the same.
    const SLIP_SIMILARITY_MIN: f64 = 0.7;
    let nearest = known
        .map(|candidate| (strsim::normalized_damerau_levenshtein(name, candidate), candidate))
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match nearest {
        Some((similarity, candidate)) if similarity >= SLIP_SIMILARITY_MIN => {
            format!("did you mean `{candidate}`?")
        }
        Some((_, candidate)) => {
            format!("the nearest is `{candidate}`, and `paybridge config --help` lists all")
        }
        None => "`paybridge config --help` lists all".to_owned(),
    }
}
