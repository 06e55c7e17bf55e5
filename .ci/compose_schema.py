"""Checks a Compose file, after its variables have their defaults, by two published schemas:
version 3.8 (from the package of docker-compose 1.25.5: what `docker stack deploy` takes), and
the Compose specification (from Debian's docker-compose: as it was when Compose 2 began)."""

import json
import re
import sys
import zipfile

import jsonschema
import yaml

file, package = sys.argv[1:]


def value(node):
    """The node with defaults in place of variables, as Compose reads it."""
    if isinstance(node, dict):
        return {key: value(it) for key, it in node.items() if key != "<<"}
    if isinstance(node, list):
        return [value(it) for it in node]
    if isinstance(node, str) and re.fullmatch(r"\$\{\w+:-(.*)\}", node):
        default = re.fullmatch(r"\$\{\w+:-(.*)\}", node)[1]
        return int(default) if default.isdigit() else default
    return node


compose = value(yaml.safe_load(open(file)))
with zipfile.ZipFile(package) as wheel:
    version_3_8 = json.loads(wheel.read("compose/config/config_schema_v3.8.json"))
specification = json.load(open("/usr/lib/python3/dist-packages/compose/config/compose_spec.json"))
for schema in [version_3_8, specification]:
    jsonschema.Draft4Validator(schema).validate(compose)
for name, service in compose["services"].items():
    replicas = service["deploy"]["replicas"]
    assert isinstance(replicas, int) and replicas >= 1, (name, replicas)
