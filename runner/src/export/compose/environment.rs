//! Which variables of the environment the nodes read.
//!
//! The runner knows no behavior. A plugin says it in the JSON Schema of its config: where
//! a value such as `"env"` has the plugin read variables, its schema has
//! `"x-environment": ["NAME", ..]`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::plan::Plan;

/// Returns the variables that the configs of a plan's groups make behaviors read.
pub fn variables(plan: &Plan) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for case in &plan.cases {
        for group in &case.scenario.groups {
            let Some(name) = &group.behavior else {
                continue;
            };
            let plugin = plan.plugins.iter().find(|it| it.name == name.plugin);
            let behavior = plugin.and_then(|it| it.behavior(&name.behavior));
            let config = toml::from_str::<Value>(&group.config).ok();
            if let (Some(behavior), Some(config)) = (behavior, config) {
                let schema = &behavior.config_schema;
                collect(&config, schema, schema, &mut found);
            }
        }
    }
    found
}

/// Collects the variables of a value and its parts. `root` is the schema in which
/// references are looked up.
fn collect(value: &Value, schema: &Value, root: &Value, found: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        if let Some(schema) = root.pointer(pointer) {
            collect(value, schema, root, found);
        }
    }
    if schema["const"] == *value
        && let Some(names) = schema["x-environment"].as_array()
    {
        found.extend(names.iter().filter_map(|it| Some(it.as_str()?.to_owned())));
    }
    for word in ["anyOf", "oneOf", "allOf"] {
        for schema in schema[word].as_array().into_iter().flatten() {
            collect(value, schema, root, found);
        }
    }
    for (key, value) in value.as_object().into_iter().flatten() {
        collect(value, &schema["properties"][key], root, found);
    }
    for value in value.as_array().into_iter().flatten() {
        collect(value, &schema["items"], root, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_that_reads_the_environment_names_its_variables() {
        let schema = json!({
            "properties": {
                "bet": { "anyOf": [{ "$ref": "#/$defs/Bet" }, { "type": "null" }] },
                "list": { "items": { "const": "home", "x-environment": ["HOME"] } },
            },
            "$defs": { "Bet": { "anyOf": [
                { "const": "env", "x-environment": ["NOMBRE", "NUMERO"] },
                { "type": "object" },
            ] } },
        });
        let of = |config: Value| {
            let mut found = BTreeSet::new();
            collect(&config, &schema, &schema, &mut found);
            found.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(of(json!({ "bet": "env" })), ["NOMBRE", "NUMERO"]);
        assert_eq!(of(json!({ "list": ["home"] })), ["HOME"]);
        assert_eq!(of(json!({ "bet": { "number": 1 } })), [""; 0]);
    }
}
