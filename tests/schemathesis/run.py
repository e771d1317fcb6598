"""Schemathesis against the app, as the app describes itself.

    PAYBRIDGE=target/debug/paybridge target/venv/bin/python tests/schemathesis/run.py

Starts the stand-in for Stripe and the app on free ports of loopback, connects two shops, and has every endpoint called
with data that fit the served OpenAPI document and with data that do not. No answer may be a server error, and each has
to be as it is described. Before that, the document itself is checked against the standard.
"""

import base64
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import openapi_spec_validator

START_SECONDS_MAX = 30
RUN_SECONDS_MAX = 100
HERE = Path(__file__).resolve().parent
SHOPS = ["shop", "shop-that-parts"]


def main():
    if "PAYBRIDGE" not in os.environ:
        sys.exit("set PAYBRIDGE to the program")
    paybridge = str(Path(os.environ["PAYBRIDGE"]).resolve())
    operator = secrets.token_urlsafe(32)
    with tempfile.TemporaryDirectory() as folder:
        sandbox = f"http://127.0.0.1:{free_port()}"
        app = f"http://127.0.0.1:{free_port()}"
        environment = {
            "PATH": os.environ["PATH"],
            "PAYBRIDGE_AUTH_TOKEN": operator,
            "PAYBRIDGE_ENCRYPTION_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "PAYBRIDGE_DATABASE_URL": f"sqlite:{folder}/paybridge.db",
            "PAYBRIDGE_LISTEN": app.removeprefix("http://"),
            "PAYBRIDGE_STRIPE_API_BASE": sandbox,
            "PAYBRIDGE_LOG": "error",
        }
        processes = []
        try:
            processes.append(start([paybridge, "sandbox", "--listen", sandbox.removeprefix("http://")], environment, folder))
            wait(f"{sandbox}/_sandbox", processes)
            processes.append(start([paybridge, "serve"], environment, folder))
            wait(f"{app}/health/ready", processes)
            with urllib.request.urlopen(f"{app}/openapi.json", timeout=30) as answer:
                openapi_spec_validator.validate(json.load(answer))
            for shop in SHOPS:
                configure(app, operator, shop)
            issue = [paybridge, "tenant", "token", "issue", SHOPS[0]]
            issued = subprocess.run(issue, env=environment, cwd=folder, check=True, capture_output=True, text=True)
            return schemathesis(app, operator, issued.stdout.strip(), folder)
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait(timeout=30)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(command, environment, folder):
    return subprocess.Popen(command, env=environment, cwd=folder)


def wait(url, processes):
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            return urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.URLError:
            ended = [process.returncode for process in processes if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                sys.exit(f"{url} does not answer; ended with: {ended}")
            time.sleep(0.05)


def configure(app, operator, shop):
    """Connects a shop, at an account of its own. It is a marketplace, so that every endpoint has something to do."""
    account = shop.replace("-", "")
    configuration = {
        "secretKey": f"sk_test_{account}",
        "publishableKey": f"pk_test_{account}",
        "businessModel": "marketplace",
    }
    body = {"data": {"type": "configuration", "attributes": {"configuration": json.dumps(configuration)}}}
    headers = {
        "Authorization": f"Bearer {operator}",
        "Content-Type": "application/json",
        "X-Tenant-Identifier": shop,
    }
    data = json.dumps(body).encode()
    request = urllib.request.Request(f"{app}/private/configure", data=data, headers=headers, method="POST")
    urllib.request.urlopen(request, timeout=30).close()


def schemathesis(app, operator, token, folder):
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file",
        str(HERE / "schemathesis.toml"),
        "run",
        f"{app}/openapi.json",
        "--max-time",
        str(RUN_SECONDS_MAX),
        # Those say that generated orders rarely make sense, which is so.
        "--warnings",
        "off",
        *sys.argv[1:],
    ]
    tokens = {"OPERATOR_TOKEN": operator, "SHOP_TOKEN": token}
    # What it remembers of a run is left in its folder.
    return subprocess.run(command, env={**os.environ, **tokens}, cwd=folder).returncode


if __name__ == "__main__":
    sys.exit(main())
