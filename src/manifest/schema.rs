//! What a manifest looks like, as a JSON Schema for editors.
//!
//! It comes of the types that a manifest is decoded into: `raw_table!` says which keys there are, and each value what it can
//! be. What is left for here is what is checked only when all is known, as far as it can be told of one value. Nothing that
//! is a manifest may be refused.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::raw::{KEYS_OF_ONE_TASK, RawManifest, RawTask};
use super::settings::{KEYS_OF_THE_TASK, PLATFORMS};
use super::template;
use super::values::Argv;

/// The schema of a manifest. It is in the draft that editors of TOML know best, and refers to nothing outside.
pub(crate) fn of_manifests() -> Schema {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<RawManifest<'_>>();
    schema.insert("title".to_owned(), "procman.toml".into());
    schema
}

/// The lines of a comment as paragraphs.
pub(super) fn description(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines.iter().map(|line| line.trim()) {
        if line.is_empty() {
            text.push_str("\n\n");
        } else {
            text.push_str(if text.is_empty() || text.ends_with('\n') { "" } else { " " });
            text.push_str(line);
        }
    }
    text
}

/// Says what the values of a type look like, with the generator at hand where it is named.
macro_rules! looks_like {
    (@schema { $($json:tt)* }) => { ::schemars::json_schema!({ $($json)* }) };
    (@schema $schema:expr) => { $schema };
    ($type:ty: $($json:tt)+) => { $crate::manifest::schema::looks_like! { $type, _generator: $($json)+ } };
    ($type:ty, $generator:ident: $($json:tt)+) => {
        impl ::schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema($generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                $crate::manifest::schema::looks_like!(@schema $($json)+)
            }
        }
    };
}
pub(super) use looks_like;

/// Values of two kinds. What is said of one kind says nothing of the other, so it may stand side by side; an editor then
/// marks what is wrong in a value, and not the whole of it as none of several.
pub(super) fn either(mut one: Schema, mut other: Schema) -> Schema {
    let kinds = [one.remove("type"), other.remove("type")];
    one.ensure_object().append(other.ensure_object());
    one.insert("type".to_owned(), kinds.into_iter().flatten().collect());
    one
}

/// A string with something in it.
pub(super) struct Filled;

looks_like! { Filled: { "type": "string", "minLength": 1 } }

/// The name of a task, an alias or a pool: it does not begin like an option, and nothing in it acts on a terminal.
pub(super) struct NewName;

looks_like! { NewName: {
    "type": "string",
    "pattern": concat!(
        r"^[^-\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]",
        r"[^\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]*$",
    ),
} }

/// The name of a var or of a key of a matrix: of ASCII only letters, digits, `_` and `-`.
pub(super) struct ValueName;

looks_like! { ValueName: {
    "type": "string",
    "pattern": r"^[^\u0000-,./:-@\[-^`{-\u007f]+$",
    "not": { "enum": template::names_with_a_meaning().collect::<Vec<_>>() },
} }

/// The name of an environment variable.
pub(super) struct VariableName;

looks_like! { VariableName: { "type": "string", "pattern": "^[^=]+$" } }

/// A table with such keys and such values.
pub(super) struct Table<K, V>(PhantomData<(K, V)>);

impl<K: JsonSchema, V: JsonSchema> JsonSchema for Table<K, V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Table".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": generator.subschema_for::<K>(),
            "additionalProperties": generator.subschema_for::<V>(),
        })
    }
}

/// The names of the systems that a task is for.
pub(super) struct Platforms;

looks_like! { Platforms: { "type": "array", "minItems": 1, "items": { "type": "string", "enum": PLATFORMS } } }

/// A task: its argv alone, or a table, which without an argv says nothing of a process.
pub(super) struct Task;

impl JsonSchema for Task {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Task".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut table = generator.subschema_for::<RawTask<'_>>();
        let keys_of_a_group: Vec<&str> = keys_of_a_group().collect();
        table.insert("if".to_owned(), json_schema!({ "not": { "required": ["argv"] } }).into());
        table.insert("then".to_owned(), json_schema!({ "propertyNames": { "enum": keys_of_a_group } }).into());
        either(generator.subschema_for::<Argv<'_>>(), table)
    }
}

/// What a task without an argv can have.
fn keys_of_a_group() -> impl Iterator<Item = &'static str> {
    KEYS_OF_THE_TASK.into_iter().filter(|key| !["argv", "after"].contains(key))
}

/// What every task starts from.
pub(super) struct Defaults;

impl JsonSchema for Defaults {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Defaults".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut table = generator.subschema_for::<RawTask<'_>>();
        if let Some(properties) = table.get_mut("properties").and_then(serde_json::Value::as_object_mut) {
            properties.retain(|key, _| !KEYS_OF_ONE_TASK.contains(&&**key));
        }
        table
    }
}

#[cfg(test)]
mod tests;
