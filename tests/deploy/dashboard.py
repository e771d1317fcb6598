"""Has promtool read every expression of the dashboard, as rules. Arguments: promtool, the dashboard."""

import json
import subprocess
import sys
import tempfile

promtool, path = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    panels = json.load(file)["panels"]
expressions = [(panel, target["expr"]) for panel in panels for target in panel["targets"]]
rules = [
    {"record": f"panel:{number}", "expr": expr, "labels": {"title": panel["title"]}}
    for number, (panel, expr) in enumerate(expressions)
]
with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
    # JSON is YAML.
    json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
    file.flush()
    sys.exit(subprocess.run([promtool, "check", "rules", file.name], check=False).returncode)
