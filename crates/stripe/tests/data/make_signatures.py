#!/usr/bin/env python3
"""Writes signatures.json: webhook headers signed by Stripe's official SDK (PyPI `stripe`), each with
that SDK's own verdict. The tests compare our verdict with it, so that the signature check is not
proven against itself.

    pip install 'stripe==16.*' && python3 make_signatures.py
"""

import json
import pathlib
from unittest import mock

import stripe

NOW = 1_793_000_000
TOLERANCE = 300
SECRET = "whsec_7c1f0a2b9d4e4f5a8b6c3d2e1f0a9b8c"
ROLLED = "whsec_0f9e8d7c6b5a49382716f5e4d3c2b1a0"
OTHER = "whsec_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
BODY = '{"id":"evt_1","object":"event","note":"Grüße, 店"}'

Signature = stripe.WebhookSignature


def v1(secret=SECRET, at=NOW, body=BODY):
    return Signature._compute_signature(f"{at}.{body}", secret)


def header(secret=SECRET, at=NOW, body=BODY):
    return Signature.generate_signature_header(body, secret, at)


good = v1()
CASES = [
    ("as Stripe sends it", header(), BODY),
    ("wrong secret", header(OTHER), BODY),
    ("tampered body", header(), BODY.replace("evt_1", "evt_2")),
    ("a space more in the body", header(), BODY + " "),
    ("empty body", header(body=""), ""),
    ("299 seconds old", header(at=NOW - 299), BODY),
    ("300 seconds old", header(at=NOW - 300), BODY),
    ("301 seconds old", header(at=NOW - 301), BODY),
    ("400 seconds old", header(at=NOW - 400), BODY),
    ("an hour ahead", header(at=NOW + 3600), BODY),
    ("a time that was changed", f"t={NOW - 1},v1={good}", BODY),
    ("v0 only", f"t={NOW},v0={good}", BODY),
    ("v0 beside v1", f"t={NOW},v1={good},v0={v1(OTHER)}", BODY),
    ("several v1, one good", f"t={NOW},v1={v1(OTHER)},v1={good}", BODY),
    ("several v1, none good", f"t={NOW},v1={v1(OTHER)},v1={'0' * 64}", BODY),
    ("v1 before the time", f"v1={good},t={NOW}", BODY),
    ("empty header", "", BODY),
    ("no time", f"v1={good}", BODY),
    ("a time that is no number", f"t=now,v1={good}", BODY),
    ("two times, the first counts", f"t={NOW},t={NOW - 9999},v1={good}", BODY),
    ("two times, the second is good", f"t={NOW - 9999},t={NOW},v1={good}", BODY),
    ("upper-case hex", f"t={NOW},v1={good.upper()}", BODY),
    ("a space after the comma", f"t={NOW}, v1={good}", BODY),
    ("a short signature", f"t={NOW},v1={good[:-2]}", BODY),
    ("a long signature", f"t={NOW},v1={good}00", BODY),
    ("an empty signature", f"t={NOW},v1=", BODY),
    ("v1 without a value", f"t={NOW},v1", BODY),
    ("something behind a second equals sign", f"t={NOW},v1={good}=x", BODY),
    ("an unknown scheme beside", f"t={NOW},v2=abc,v1={good},flag", BODY),
    ("not a signature at all", "hello", BODY),
]


def accepted(signature, body, secret):
    with mock.patch("time.time", return_value=float(NOW)):
        try:
            return Signature.verify_header(body, signature, secret, TOLERANCE)
        except stripe.SignatureVerificationError:
            return False


cases = [
    {"case": name, "header": signature, "body": body, "accepted": accepted(signature, body, SECRET)}
    for name, signature, body in CASES
]
rolled = header(ROLLED)
blank = [{"secret": secret, "header": header(secret)} for secret in ("", " ")]
document = {
    "sdk": f"stripe-python {stripe.VERSION}",
    "now": NOW,
    "secret": SECRET,
    "cases": cases,
    "blank": [{**case, "accepted": accepted(case["header"], BODY, case["secret"])} for case in blank],
    "rolled": {
        "secret": ROLLED,
        "header": rolled,
        "body": BODY,
        "accepted": accepted(rolled, BODY, ROLLED),
        "accepted_with_the_other": accepted(rolled, BODY, SECRET),
    },
}
target = pathlib.Path(__file__).with_name("signatures.json")
target.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
for case in cases:
    print("accepts" if case["accepted"] else "rejects", case["case"])
