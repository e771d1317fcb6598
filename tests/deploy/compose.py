"""Reads compose files by the Compose Specification, which knows every key, and stops at the first that is wrong."""

import sys

import yaml
from compose_spec import PyCompose

for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        # What is shared by YAML's merge keys is put in its place first, as Docker does.
        text = yaml.safe_dump(yaml.safe_load(file))
    try:
        PyCompose.from_yaml(text).validate()
    except ValueError as error:
        sys.exit(f"{path}: {error}")
