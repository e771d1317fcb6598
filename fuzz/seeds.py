#!/usr/bin/env python3
"""Fills fuzz/corpus/ with first inputs: what a real shop and Stripe sent, as the tests have it."""

import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
CRATES = HERE.parent / "crates"
SHOP = CRATES / "protocol/tests/data/shop"


def write(target, name, content):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def recorded(folder):
    for path in sorted((SHOP / folder).glob("*.json")):
        yield path.stem, json.loads(path.read_text())


def main():
    signature = b"t=1790078400,v1=" + b"ab" * 32 + b",v0=00"
    for path in sorted((CRATES / "stripe/tests/data/events").glob("*.json")):
        write("webhook", path.stem, signature + b"\n\n" + path.read_bytes())

    for name, request in recorded("requests"):
        if "urlencoded" in request["headers"].get("Content-Type", ""):
            write("form", name, request["body"].encode())
    write("form", "small", b"orderData[items][0][sku]=1&orderData[items][]=2&a%5Bb%5D=x+y&a[1]=")

    for name, message in recorded("messages_in"):
        head = "\n".join(f"{header}: {value}" for header, value in message["headers"].items())
        body = message["body"]
        text = body if isinstance(body, str) else json.dumps(body)
        write("message", name, f"{head}\n\n{text}".encode())

    tenant = {
        "businessModel": "marketplace", "environment": "test", "accountId": "acct_1",
        "publishableKey": "pk_test_1", "secretKey": "sk_test_1", "webhookSecrets": ["whsec_1"],
        "paymentPageTitle": "Shop", "brandFavicon": "https://a.example/f.ico",
        "payButtonColor": "#1b7a43", "statementDescriptorSuffix": "SHOP",
        "onboardingLanguage": "de", "onboardingLinks": ["https://a.example/"],
        "paymentMethods": ["Stripe", {"name": "Cards", "types": ["card"]}],
        "shopOrigins": "https://a.example\nhttps://b.example", "sharedCommandChannel": "true",
    }
    text = json.dumps(tenant)
    write("configuration", "tenant", text.encode())
    attributes = {"configuration": text}
    body = {"data": {"type": "configuration", "attributes": attributes}}
    write("configuration", "call", json.dumps(body).encode())
    write("configuration", "file", (
        'public_url = "https://pay.example"\nencryption_key = "' + "B" * 43 + '="\n'
        'auth_token = "a-long-random-word"\nlisten = "0.0.0.0:8080"\nlog = "info,store=debug"\n'
        "customer_data_days = 90\ntrusted_proxies = \"10.0.0.0/8, ::1\"\n[channels.app-events]\n"
        'transport = "http"\nurl = "https://shop.example/"\n'
    ).encode())
    write("configuration", "variables", (
        "PAYBRIDGE_PUBLIC_URL=https://pay.example\nPAYBRIDGE_LISTEN=127.0.0.1:1\n"
        "PAYBRIDGE_DATABASE_URL=sqlite:./a.db\nPAYBRIDGE_AUTH_MODE=none\n"
    ).encode())


if __name__ == "__main__":
    main()
