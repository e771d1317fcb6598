//! Stripe's way to write parameters: an HTML form with brackets for what lies deeper.

/// Parameters in the order they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter; `name` is written with its brackets: `shipping[address][city]`.
    pub(crate) fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.0.push((name.into(), value.to_string()));
        self
    }

    /// Adds a parameter if it has a value that is not blank: Stripe reads an empty one as "unset".
    pub(crate) fn with_some(self, name: impl Into<String>, value: Option<&str>) -> Self {
        match value.map(str::trim) {
            Some(value) if !value.is_empty() => self.with(name, value),
            Some(_) | None => self,
        }
    }

    pub(crate) fn encode(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
