//! Making schemas, and collecting those that have a name.

use schemars::generate::{Contract, SchemaSettings};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value};

use crate::reference::operation::SchemaOf;

/// The schemas of a document: of what is read, and of what is written.
pub(crate) struct Schemas {
    read: SchemaGenerator,
    written: SchemaGenerator,
}

impl Schemas {
    /// With the dialect of these settings.
    pub(crate) fn new(settings: &SchemaSettings) -> Self {
        let generator = |contract| {
            let settings = settings.clone().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
                settings.contract = contract;
            });
            settings.into_generator()
        };
        Self { read: generator(Contract::Deserialize), written: generator(Contract::Serialize) }
    }

    /// The schema of what is read.
    pub(crate) fn read(&mut self, schema: SchemaOf) -> Value {
        finished(schema, &mut self.read)
    }

    /// The schema of what is written.
    pub(crate) fn written(&mut self, schema: SchemaOf) -> Value {
        finished(schema, &mut self.written)
    }

    /// Those that have a name.
    pub(crate) fn named(mut self) -> Map<String, Value> {
        let mut named = self.read.take_definitions(true);
        named.extend(self.written.take_definitions(true));
        named
    }
}

fn finished(schema: SchemaOf, generator: &mut SchemaGenerator) -> Value {
    let mut schema: Schema = schema(generator);
    for transform in generator.transforms_mut() {
        transform.transform(&mut schema);
    }
    schema.to_value()
}
