"""Stripe's own Python SDK against the sandbox, changed in nothing but its base address.

    STRIPE_SANDBOX_COMMAND="target/debug/examples/standalone" python3 -m unittest discover -s tests/stripe-sdk -v

`--listen 127.0.0.1:PORT` is appended to the command. Every test works in an account of its own, so they do not see one
another's objects; the clock, the faults and the webhook settings are shared, so each test that touches them resets.
"""

import json
import os
import queue
import shlex
import socket
import subprocess
import threading
import time
import unittest
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import stripe

START_SECONDS_MAX = 30
WEBHOOK_SECONDS_MAX = 15
RETURN_URL = "https://shop.example/return"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def setUpModule():
    global base, process
    command = os.environ.get("STRIPE_SANDBOX_COMMAND")
    if not command:
        raise RuntimeError("set STRIPE_SANDBOX_COMMAND to the command that starts the sandbox")
    address = f"127.0.0.1:{free_port()}"
    base = f"http://{address}"
    process = subprocess.Popen([*shlex.split(command), "--listen", address])
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            control("GET", "")
            return
        except urllib.error.URLError:
            if process.poll() is not None:
                raise RuntimeError(f"the sandbox ended with {process.returncode}") from None
            if time.monotonic() > deadline:
                tearDownModule()
                raise
            time.sleep(0.05)


def tearDownModule():
    process.terminate()
    process.wait(timeout=10)


def control(method, path, body=None):
    """One call of the sandbox's own control API."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{base}/_sandbox{path}", data=data, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


class SandboxTest(unittest.TestCase):
    def setUp(self):
        control("POST", "/reset")
        self.suffix = self.id().rsplit(".", 1)[-1].replace("_", "")
        self.stripe = self.client()

    def client(self, key=None, **options):
        options.setdefault("max_network_retries", 0)
        return stripe.StripeClient(key or f"sk_test_{self.suffix}", base_addresses={"api": base}, **options)

    def create(self, **params):
        params = {
            "amount": 2000,
            "currency": "eur",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            **params,
        }
        return self.stripe.v1.payment_intents.create(params)

    def authorized(self, method="pm_card_visa", card=None, **params):
        return self.create(
            confirm=True,
            payment_method=method,
            payment_method_options={"card": {"capture_method": "manual", **(card or {})}},
            **params,
        )

    def paid(self, method="pm_card_visa", **params):
        return self.create(confirm=True, payment_method=method, **params)

    def intent(self, id, **params):
        return self.stripe.v1.payment_intents.retrieve(id, params)

    def charge(self, intent):
        return self.stripe.v1.charges.retrieve(intent.latest_charge)

    def event_types(self):
        return [event.type for event in reversed(self.stripe.v1.events.list({"limit": 100}).data)]


class PaymentTest(SandboxTest):
    def test_create_confirm_capture_refund(self):
        intent = self.create(
            payment_method_options={"card": {"capture_method": "manual"}},
            metadata={"orderReference": "DE--1"},
        )
        self.assertEqual(intent.status, "requires_payment_method")
        self.assertTrue(intent.client_secret.startswith(f"{intent.id}_secret_"))
        intent = self.stripe.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
        self.assertEqual(intent.status, "requires_capture")
        self.assertEqual(intent.amount_capturable, 2000)
        charge = self.charge(intent)
        self.assertFalse(charge.captured)
        card = charge.payment_method_details.card
        self.assertAlmostEqual(card.capture_before, time.time() + 7 * 86400, delta=60)
        self.assertEqual((card.brand, card.last4), ("visa", "4242"))
        intent = self.stripe.v1.payment_intents.capture(intent.id)
        self.assertEqual((intent.status, intent.amount_received), ("succeeded", 2000))
        refund = self.stripe.v1.refunds.create({"payment_intent": intent.id, "amount": 500})
        self.assertEqual((refund.status, refund.amount), ("succeeded", 500))
        rest = self.stripe.v1.refunds.create({"payment_intent": intent.id})
        self.assertEqual(rest.amount, 1500)
        charge = self.charge(intent)
        self.assertTrue(charge.refunded)
        self.assertEqual(self.intent(intent.id).status, "succeeded")
        self.assertEqual(
            self.event_types(),
            [
                "payment_intent.created",
                "charge.succeeded",
                "payment_intent.amount_capturable_updated",
                "charge.captured",
                "payment_intent.succeeded",
                "refund.created",
                "charge.refunded",
                "refund.created",
                "charge.refunded",
            ],
        )
        with self.assertRaises(stripe.InvalidRequestError) as refused:
            self.stripe.v1.refunds.create({"payment_intent": intent.id})
        self.assertEqual(refused.exception.code, "charge_already_refunded")

    def test_automatic_capture(self):
        intent = self.paid()
        self.assertEqual((intent.status, intent.amount_received), ("succeeded", 2000))
        self.assertEqual(
            self.event_types(), ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
        )

    def test_partial_capture_frees_the_rest(self):
        intent = self.authorized()
        intent = self.stripe.v1.payment_intents.capture(intent.id, {"amount_to_capture": 700})
        self.assertEqual(intent.status, "succeeded")
        self.assertEqual((intent.amount, intent.amount_received, intent.amount_capturable), (2000, 700, 0))
        charge = self.charge(intent)
        self.assertEqual((charge.amount_captured, charge.amount_refunded), (700, 1300))
        with self.assertRaises(stripe.InvalidRequestError) as refused:
            self.stripe.v1.refunds.create({"payment_intent": intent.id, "amount": 701})
        self.assertEqual(refused.exception.param, "amount")

    def test_capture_more_than_authorized_is_refused(self):
        intent = self.authorized()
        with self.assertRaises(stripe.InvalidRequestError) as refused:
            self.stripe.v1.payment_intents.capture(intent.id, {"amount_to_capture": 2001})
        self.assertEqual(refused.exception.code, "amount_too_large")
        self.assertEqual(self.intent(intent.id).status, "requires_capture")

    def test_multicapture(self):
        intent = self.authorized(card={"request_multicapture": "if_available"})
        card = self.charge(intent).payment_method_details.card
        self.assertEqual(card.multicapture.status, "available")
        capture = self.stripe.v1.payment_intents.capture
        intent = capture(intent.id, {"amount_to_capture": 500, "final_capture": False})
        self.assertEqual(intent.status, "requires_capture")
        self.assertEqual((intent.amount_received, intent.amount_capturable), (500, 1500))
        refund = self.stripe.v1.refunds.create({"payment_intent": intent.id, "amount": 100})
        self.assertEqual(refund.status, "succeeded")
        intent = capture(intent.id, {"amount_to_capture": 700, "final_capture": True})
        self.assertEqual((intent.status, intent.amount_received), ("succeeded", 1200))
        self.assertEqual(self.charge(intent).amount_refunded, 800 + 100)

    def test_multicapture_may_be_unavailable(self):
        account = self.stripe.v1.accounts.retrieve_current().id
        control("POST", f"/accounts/{account}", {"multicapture": False})
        for method in ("pm_card_visa", "pm_card_mastercard"):
            intent = self.authorized(method, card={"request_multicapture": "if_available"})
            card = self.charge(intent).payment_method_details.card
            self.assertEqual(card.multicapture.status, "unavailable")
            with self.assertRaises(stripe.InvalidRequestError) as refused:
                self.stripe.v1.payment_intents.capture(
                    intent.id, {"amount_to_capture": 500, "final_capture": False}
                )
            self.assertEqual(refused.exception.param, "final_capture")

    def test_cancel(self):
        intent = self.authorized()
        intent = self.stripe.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "duplicate"})
        self.assertEqual((intent.status, intent.cancellation_reason), ("canceled", "duplicate"))
        charge = self.charge(intent)
        self.assertEqual((charge.captured, charge.refunded, charge.amount_refunded), (False, True, 2000))
        self.assertEqual(self.event_types()[-2:], ["charge.refunded", "payment_intent.canceled"])
        for operation in ("cancel", "capture", "confirm"):
            with self.assertRaises(stripe.InvalidRequestError) as refused:
                getattr(self.stripe.v1.payment_intents, operation)(intent.id)
            self.assertEqual(refused.exception.code, "payment_intent_unexpected_state")
            self.assertEqual(refused.exception.error.payment_intent.status, "canceled")

    def test_update_and_metadata(self):
        intent = self.create(metadata={"a": "1", "b": "2"})
        intent = self.stripe.v1.payment_intents.update(intent.id, {"amount": 2500, "metadata": {"a": "", "c": "3"}})
        self.assertEqual(intent.amount, 2500)
        self.assertEqual(intent.metadata.to_dict(), {"b": "2", "c": "3"})

    def test_authorization_ends_by_itself(self):
        intent = self.authorized()
        control("POST", "/clock", {"advance_seconds": 7 * 86400 + 1})
        intent = self.intent(intent.id)
        self.assertEqual((intent.status, intent.cancellation_reason), ("canceled", "automatic"))

    def test_dispute(self):
        intent = self.paid("pm_card_createDispute")
        self.assertTrue(self.charge(intent).disputed)
        self.assertIn("charge.dispute.created", self.event_types())

    def test_refunds_that_change_later(self):
        for method, first, then in (
            ("pm_card_pendingRefund", "pending", "succeeded"),
            ("pm_card_refundFail", "succeeded", "failed"),
        ):
            intent = self.paid(method)
            refund = self.stripe.v1.refunds.create({"payment_intent": intent.id})
            self.assertEqual(refund.status, first)
            control("POST", "/clock", {"advance_seconds": 3600})
            self.assertEqual(self.stripe.v1.refunds.retrieve(refund.id).status, then)
        self.assertEqual(self.charge(intent).amount_refunded, 0)
        self.assertEqual(self.event_types()[-2:], ["refund.updated", "refund.failed"])


class DeclineTest(SandboxTest):
    def test_every_decline(self):
        for method, code, decline_code in (
            ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
            ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
            ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
            ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
            ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
        ):
            with self.subTest(method):
                intent = self.create()
                with self.assertRaises(stripe.CardError) as declined:
                    self.stripe.v1.payment_intents.confirm(intent.id, {"payment_method": method})
                error = declined.exception
                self.assertEqual((error.http_status, error.code), (402, code))
                self.assertEqual(error.error.decline_code, decline_code)
                self.assertEqual(error.error.payment_intent.id, intent.id)
                intent = self.intent(intent.id)
                self.assertEqual(intent.status, "requires_payment_method")
                self.assertEqual(intent.last_payment_error.code, code)
                self.assertEqual(self.charge(intent).status, "failed")
                self.assertEqual(self.event_types()[-2:], ["charge.failed", "payment_intent.payment_failed"])

    def test_the_shopper_may_try_again(self):
        intent = self.create()
        with self.assertRaises(stripe.CardError):
            self.stripe.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_chargeDeclined"})
        intent = self.stripe.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
        self.assertEqual(intent.status, "succeeded")
        self.assertIsNone(intent.last_payment_error)


class NextActionTest(SandboxTest):
    def secured(self, method):
        intent = self.paid(method, return_url=RETURN_URL)
        self.assertEqual(intent.status, "requires_action")
        return intent

    def press(self, intent, outcome):
        """What the browser does on the page of the bank; gives where it is sent back to."""

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_):
                return None

        url = intent.next_action.redirect_to_url.url
        with urllib.request.urlopen(url, timeout=30) as page:
            self.assertIn(b'value="succeed"', page.read())
        with self.assertRaises(urllib.error.HTTPError) as answer:
            urllib.request.build_opener(Stay).open(url, data=f"outcome={outcome}".encode(), timeout=30)
        answer.exception.close()
        self.assertEqual(answer.exception.code, 303)
        return answer.exception.headers["location"]

    def test_3d_secure_passed(self):
        intent = self.secured("pm_card_threeDSecure2Required")
        back = self.press(intent, "succeed")
        self.assertTrue(back.startswith(RETURN_URL))
        self.assertIn(f"payment_intent={intent.id}", back)
        self.assertIn("redirect_status=succeeded", back)
        intent = self.intent(intent.id)
        self.assertEqual(intent.status, "succeeded")
        self.assertEqual(self.charge(intent).payment_method_details.card.three_d_secure.result, "authenticated")
        self.assertIn("payment_intent.requires_action", self.event_types())

    def test_3d_secure_failed(self):
        intent = self.secured("pm_card_threeDSecure2Required")
        self.assertIn("redirect_status=failed", self.press(intent, "fail"))
        intent = self.intent(intent.id)
        self.assertEqual(intent.status, "requires_payment_method")
        self.assertEqual(intent.last_payment_error.code, "payment_intent_authentication_failure")

    def test_3d_secure_then_declined(self):
        intent = self.secured("pm_card_threeDSecureRequiredChargeDeclined")
        control("POST", f"/payment_intents/{intent.id}/next_action", {"outcome": "succeed"})
        self.assertEqual(self.intent(intent.id).last_payment_error.code, "card_declined")

    def test_redirect(self):
        intent = self.create(
            automatic_payment_methods={"enabled": True},
            confirm=True,
            payment_method_data={"type": "ideal"},
            return_url=RETURN_URL,
        )
        self.press(intent, "succeed")
        intent = self.intent(intent.id)
        self.assertEqual(intent.status, "succeeded")
        self.assertEqual(self.charge(intent).payment_method_details.type, "ideal")

    def test_a_way_back_is_needed(self):
        with self.assertRaises(stripe.InvalidRequestError) as refused:
            self.create(automatic_payment_methods={"enabled": True}, confirm=True, payment_method="pm_card_visa")
        self.assertEqual(refused.exception.param, "return_url")


class DelayedMethodTest(SandboxTest):
    def debit(self, iban):
        return self.create(
            confirm=True, payment_method_data={"type": "sepa_debit", "sepa_debit": {"iban": iban}}
        )

    def test_debit_succeeds(self):
        intent = self.debit("DE89370400440532013000")
        self.assertEqual(intent.status, "processing")
        control("POST", f"/payment_intents/{intent.id}/settle", {"outcome": "succeed"})
        self.assertEqual(self.intent(intent.id).status, "succeeded")
        self.assertEqual(
            self.event_types(),
            [
                "payment_intent.created",
                "charge.pending",
                "payment_intent.processing",
                "charge.succeeded",
                "payment_intent.succeeded",
            ],
        )

    def test_debit_fails_with_time(self):
        intent = self.debit("DE62370400440532013001")
        self.assertEqual(intent.status, "processing")
        control("POST", "/clock", {"advance_seconds": 3600})
        intent = self.intent(intent.id)
        self.assertEqual(intent.status, "requires_payment_method")
        self.assertEqual(self.event_types()[-2:], ["charge.failed", "payment_intent.payment_failed"])

    def test_bank_transfer(self):
        customer = self.stripe.v1.customers.create({"email": "a@shop.example"})
        intent = self.create(
            customer=customer.id,
            confirm=True,
            payment_method_data={"type": "customer_balance"},
            payment_method_options={
                "customer_balance": {
                    "funding_type": "bank_transfer",
                    "bank_transfer": {
                        "type": "eu_bank_transfer",
                        "eu_bank_transfer": {"country": "DE"},
                    },
                }
            },
        )
        self.assertEqual(intent.status, "requires_action")
        control("POST", f"/payment_intents/{intent.id}/fund", {"amount": 1500})
        intent = self.intent(intent.id)
        instructions = intent.next_action.display_bank_transfer_instructions
        self.assertEqual((intent.status, instructions.amount_remaining), ("requires_action", 500))
        self.assertEqual(self.event_types()[-1], "payment_intent.partially_funded")
        control("POST", f"/payment_intents/{intent.id}/fund", {"amount": 700})
        intent = self.intent(intent.id)
        self.assertEqual((intent.status, intent.amount_received), ("succeeded", 2000))
        self.assertIn("cash_balance.funds_available", self.event_types())


class RefusalTest(SandboxTest):
    def refuse(self, code, param, **params):
        with self.assertRaises(stripe.InvalidRequestError) as refused:
            self.create(**params)
        self.assertEqual((refused.exception.code, refused.exception.param), (code, param))

    def test_parameters(self):
        self.refuse("parameter_unknown", "colour", colour="red")
        self.refuse(
            "parameter_unknown",
            "payment_method_options[card][foo]",
            payment_method_options={"card": {"foo": "bar"}},
        )
        self.refuse("amount_too_small", "amount", amount=49)
        self.refuse(None, "currency", currency="zzz")
        self.refuse("resource_missing", "payment_method", payment_method="pm_none")
        self.refuse("resource_missing", "customer", customer="cus_none")
        with self.assertRaises(stripe.InvalidRequestError) as refused:
            self.stripe.v1.payment_intents.create({"currency": "eur"})
        self.assertEqual((refused.exception.code, refused.exception.param), ("parameter_missing", "amount"))

    def test_metadata_limits(self):
        self.refuse(None, "metadata", metadata={str(n): "x" for n in range(51)})
        self.refuse(None, f"metadata[{'k' * 41}]", metadata={"k" * 41: "x"})
        self.refuse(None, "metadata[k]", metadata={"k": "x" * 501})
        self.create(metadata={"k" * 40: "x" * 500})

    def test_missing_objects(self):
        with self.assertRaises(stripe.InvalidRequestError) as refused:
            self.intent("pi_none")
        self.assertEqual((refused.exception.http_status, refused.exception.code), (404, "resource_missing"))

    def test_wrong_keys(self):
        for key in ("sk_test_invalid", "garbage"):
            with self.assertRaises(stripe.AuthenticationError):
                self.client(key).v1.balance.retrieve()

    def test_publishable_key(self):
        intent = self.create()
        browser = self.client(f"pk_test_{self.suffix}")
        seen = browser.v1.payment_intents.retrieve(intent.id, {"client_secret": intent.client_secret})
        self.assertEqual(seen.status, "requires_payment_method")
        self.assertNotIn("metadata", seen)
        with self.assertRaises(stripe.InvalidRequestError):
            browser.v1.payment_intents.retrieve(intent.id, {"client_secret": f"{intent.id}_secret_wrong"})
        with self.assertRaises(stripe.AuthenticationError):
            browser.v1.balance.retrieve()
        paid = browser.v1.payment_intents.confirm(
            intent.id,
            {"client_secret": intent.client_secret, "payment_method": "pm_card_visa"},
        )
        self.assertEqual(paid.status, "succeeded")


class IdempotencyTest(SandboxTest):
    PARAMS = {"amount": 2000, "currency": "eur"}

    def keyed(self, key="key-1", **params):
        return self.stripe.v1.payment_intents.create({**self.PARAMS, **params}, {"idempotency_key": key})

    def test_replay(self):
        first = self.keyed()
        again = self.keyed()
        self.assertEqual(first.id, again.id)
        self.assertEqual(again.last_response.headers["Idempotent-Replayed"], "true")
        self.assertNotEqual(first.last_response.request_id, again.last_response.request_id)
        self.assertEqual(len(self.stripe.v1.payment_intents.list().data), 1)

    def test_other_parameters(self):
        self.keyed()
        with self.assertRaises(stripe.IdempotencyError):
            self.keyed(amount=2001)

    def test_keys_are_per_account(self):
        first = self.keyed()
        self.stripe = self.client("sk_test_another")
        self.assertNotEqual(self.keyed().id, first.id)

    def test_validation_failures_are_not_kept(self):
        with self.assertRaises(stripe.InvalidRequestError):
            self.keyed(amount=1)
        self.assertEqual(self.keyed().status, "requires_payment_method")

    def test_declines_are_kept(self):
        intent = self.create()
        for replayed in (None, "true"):
            with self.assertRaises(stripe.CardError) as declined:
                self.stripe.v1.payment_intents.confirm(
                    intent.id,
                    {"payment_method": "pm_card_chargeDeclined"},
                    {"idempotency_key": "confirm-1"},
                )
            self.assertEqual(declined.exception.headers.get("Idempotent-Replayed"), replayed)

    def test_server_errors_are_kept(self):
        control("POST", "/faults", {"kind": "status", "status": 500, "method": "POST"})
        for replayed in (None, "true"):
            with self.assertRaises(stripe.APIError) as failed:
                self.keyed()
            self.assertEqual(failed.exception.http_status, 500)
            self.assertEqual(failed.exception.headers.get("Idempotent-Replayed"), replayed)
        self.assertEqual(self.keyed("key-2").status, "requires_payment_method")

    def test_key_in_use(self):
        control("POST", "/faults", {"kind": "delay", "delay_ms": 1500, "method": "POST"})
        slow = threading.Thread(target=self.keyed)
        slow.start()
        while not control("GET", "/calls")["calls"]:
            time.sleep(0.02)
        with self.assertRaises(stripe.StripeError) as refused:
            self.keyed()
        self.assertEqual((refused.exception.http_status, refused.exception.error.code), (409, "idempotency_key_in_use"))
        slow.join()
        self.assertEqual(self.keyed().last_response.headers["Idempotent-Replayed"], "true")


class FaultTest(SandboxTest):
    def test_rate_limit(self):
        control("POST", "/faults", {"kind": "status", "status": 429})
        with self.assertRaises(stripe.RateLimitError):
            self.stripe.v1.balance.retrieve()
        self.stripe.v1.balance.retrieve()

    def test_lost_answer_is_retried_without_doubling(self):
        intent = self.authorized()
        control(
            "POST",
            "/faults",
            {"kind": "lose_answer", "method": "POST", "path": "/v1/payment_intents/*/capture"},
        )
        patient = self.client(max_network_retries=2)
        intent = patient.v1.payment_intents.capture(intent.id)
        self.assertEqual((intent.status, intent.amount_received), ("succeeded", 2000))
        self.assertEqual(intent.last_response.headers["Idempotent-Replayed"], "true")
        self.assertEqual(self.event_types().count("charge.captured"), 1)
        captures = [call for call in control("GET", "/calls")["calls"] if call["path"].endswith("/capture")]
        self.assertEqual([call["fault"] for call in captures], ["lose_answer", None])
        self.assertEqual([call["replayed"] for call in captures], [False, True])

    def test_lost_connections_without_retries(self):
        for kind, intents in (("lose_request", 0), ("lose_answer", 1)):
            control("POST", "/faults", {"kind": kind, "method": "POST"})
            with self.assertRaises(stripe.APIConnectionError):
                self.create()
            self.assertEqual(len(self.stripe.v1.payment_intents.list().data), intents)

    def test_a_broken_connection_carries_no_byte(self):
        control("POST", "/faults", {"kind": "lose_answer"})
        host, port = base.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(
                b"GET /v1/balance HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer sk_test_a\r\n\r\n"
            )
            try:
                self.assertEqual(connection.recv(1024), b"")
            except ConnectionResetError:
                pass

    def test_unknown_control_fields_are_named(self):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            control("POST", "/faults", {"kind": "status", "statuss": 500})
        with refused.exception as answer:
            self.assertEqual(answer.code, 400)
            self.assertIn("statuss", json.load(answer)["error"])


class ListTest(SandboxTest):
    def test_auto_pagination(self):
        made = [self.create(amount=1000 + n).id for n in range(7)]
        seen = [intent.id for intent in self.stripe.v1.payment_intents.list({"limit": 3}).auto_paging_iter()]
        self.assertEqual(seen, made[::-1])
        page = self.stripe.v1.payment_intents.list({"limit": 3, "ending_before": made[2]})
        self.assertEqual([intent.id for intent in page.data], made[3:6][::-1])
        self.assertTrue(page.has_more)

    def test_expand(self):
        customer = self.stripe.v1.customers.create({"email": "a@shop.example", "name": "A"})
        intent = self.paid(customer=customer.id)
        intent = self.intent(intent.id, expand=["latest_charge.balance_transaction", "customer", "payment_method"])
        self.assertEqual(intent.latest_charge.balance_transaction.amount, 2000)
        self.assertEqual(intent.customer.email, "a@shop.example")
        self.assertEqual(intent.payment_method.card.last4, "4242")
        page = self.stripe.v1.charges.list({"payment_intent": intent.id, "expand": ["data.payment_intent"]})
        self.assertEqual(page.data[0].payment_intent.id, intent.id)
        with self.assertRaises(stripe.InvalidRequestError) as refused:
            self.intent(intent.id, expand=["amount"])
        self.assertEqual(refused.exception.param, "expand")

    def test_events(self):
        intent = self.paid()
        events = self.stripe.v1.events
        only = events.list({"type": "payment_intent.succeeded"}).data
        self.assertEqual([event.data.object.id for event in only], [intent.id])
        self.assertEqual(events.retrieve(only[0].id).api_version, "2026-10-28.endive")
        self.assertEqual(len(events.list({"types": ["charge.succeeded", "payment_intent.created"]}).data), 2)

    def test_events_are_walked_from_both_ends(self):
        for _ in range(3):
            self.paid()
        events = self.stripe.v1.events
        ids = [event.id for event in events.list({"limit": 100}).data]
        walked = [event.id for event in events.list({"limit": 2}).auto_paging_iter()]
        self.assertEqual(walked, ids)
        oldest = ids[-1]
        page = events.list({"limit": 2, "ending_before": oldest})
        self.assertEqual([event.id for event in page.data], ids[-3:-1])
        self.assertTrue(page.has_more)
        now = events.retrieve(ids[0]).created
        self.assertEqual(events.list({"created": {"gt": now}}).data, [])
        self.assertEqual(len(events.list({"created": {"gte": now - 60, "lte": now}, "limit": 100}).data), len(ids))
        for wrong in ({"types": ["charge.succeeded"] * 21}, {"type": "charge.succeeded", "types": ["refund.created"]}):
            with self.assertRaises(stripe.InvalidRequestError) as refused:
                events.list(wrong)
            self.assertEqual(refused.exception.param, "types")

    def test_customers(self):
        create = self.stripe.v1.customers.create
        one = create({"email": "one@shop.example", "metadata": {"k": "v"}})
        create({"email": "two@shop.example"})
        customers = self.stripe.v1.customers
        self.assertEqual([c.id for c in customers.list({"email": "one@shop.example"}).data], [one.id])
        for query in ("email:'one@shop.example'", "metadata['k']:'v'"):
            self.assertEqual([c.id for c in customers.search({"query": query}).data], [one.id])

    def test_refunds_of_an_intent(self):
        intent = self.paid()
        refund = self.stripe.v1.refunds.create({"payment_intent": intent.id, "reason": "requested_by_customer"})
        found = self.stripe.v1.refunds.list({"payment_intent": intent.id}).data
        self.assertEqual([(r.id, r.reason) for r in found], [(refund.id, "requested_by_customer")])


class AccountTest(SandboxTest):
    def test_account_and_balance(self):
        account = self.stripe.v1.accounts.retrieve_current()
        self.assertTrue(account.id.startswith("acct_"))
        self.assertEqual(self.client(f"rk_test_{self.suffix}").v1.accounts.retrieve_current().id, account.id)
        self.assertNotEqual(self.client("sk_test_another").v1.accounts.retrieve_current().id, account.id)
        self.paid()
        self.assertGreater(self.stripe.v1.balance.retrieve().pending[0].amount, 0)
        self.assertEqual(self.stripe.v1.balance.retrieve().available[0].amount, 0)
        control("POST", "/clock", {"advance_seconds": 3 * 86400})
        self.assertGreater(self.stripe.v1.balance.retrieve().available[0].amount, 0)

    def test_modes_are_apart(self):
        intent = self.paid()
        live = self.client(f"sk_live_{self.suffix}")
        self.assertTrue(live.v1.balance.retrieve().livemode)
        with self.assertRaises(stripe.InvalidRequestError):
            live.v1.payment_intents.retrieve(intent.id)

    def test_connected_account(self):
        other = self.client("sk_test_connected")
        account = other.v1.accounts.retrieve_current().id
        intent = self.stripe.v1.payment_intents.create(
            {"amount": 2000, "currency": "eur"}, {"stripe_account": account}
        )
        self.assertEqual(other.v1.payment_intents.retrieve(intent.id).id, intent.id)
        with self.assertRaises(stripe.InvalidRequestError):
            self.intent(intent.id)
        with self.assertRaises(stripe.PermissionError):
            self.stripe.v1.balance.retrieve(options={"stripe_account": "nonsense"})


class Receiver:
    """A local endpoint that keeps what it is sent."""

    def __init__(self, answers=()):
        self.received = queue.Queue()
        statuses = iter(answers)
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                received.put((body, self.headers["stripe-signature"]))
                self.send_response(next(statuses, 200))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks"

    def next(self):
        return self.received.get(timeout=WEBHOOK_SECONDS_MAX)

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class WebhookTest(SandboxTest):
    def receiver(self, answers=(), events=("*",), **params):
        receiver = Receiver(answers)
        self.addCleanup(receiver.close)
        endpoint = self.stripe.v1.webhook_endpoints.create(
            {"url": receiver.url, "enabled_events": list(events), **params}
        )
        return receiver, endpoint

    def test_endpoints(self):
        _, endpoint = self.receiver(events=["payment_intent.succeeded"])
        self.assertTrue(endpoint.secret.startswith("whsec_"))
        endpoints = self.stripe.v1.webhook_endpoints
        self.assertNotIn("secret", endpoints.retrieve(endpoint.id))
        self.assertEqual([e.id for e in endpoints.list().data], [endpoint.id])
        updated = endpoints.update(endpoint.id, {"disabled": True, "enabled_events": ["*"]})
        self.assertEqual((updated.status, updated.enabled_events), ("disabled", ["*"]))
        self.assertTrue(endpoints.delete(endpoint.id).deleted)
        self.assertEqual(endpoints.list().data, [])

    def test_a_webhook_verifies(self):
        receiver, endpoint = self.receiver(events=["payment_intent.succeeded"])
        intent = self.paid(metadata={"orderReference": "DE--1"})
        body, signature = receiver.next()
        event = stripe.Webhook.construct_event(body, signature, endpoint.secret)
        self.assertEqual(event.type, "payment_intent.succeeded")
        self.assertEqual(event.data.object.id, intent.id)
        self.assertEqual(event.data.object.metadata["orderReference"], "DE--1")
        self.assertTrue(stripe.WebhookSignature.verify_header(body.decode(), signature, endpoint.secret, 300))
        with self.assertRaises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body + b" ", signature, endpoint.secret)
        with self.assertRaises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body, signature, "whsec_other")

    def test_a_webhook_verifies_after_the_clock_went_forward(self):
        receiver, endpoint = self.receiver(events=["payment_intent.canceled"])
        self.authorized()
        control("POST", "/clock", {"advance_seconds": 8 * 86400})
        event = stripe.Webhook.construct_event(*receiver.next(), endpoint.secret)
        self.assertEqual(event.data.object.cancellation_reason, "automatic")

    def test_a_refused_webhook_comes_again(self):
        receiver, _ = self.receiver(answers=[500, 302], events=["payment_intent.created"])
        self.create()
        bodies = [receiver.next()[0] for _ in range(3)]
        self.assertEqual(len(set(bodies)), 1)
        deadline = time.monotonic() + WEBHOOK_SECONDS_MAX
        while control("GET", "/webhooks")["deliveries"][0]["status"] != "delivered":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.assertEqual(control("GET", "/webhooks")["deliveries"][0]["attempts"], 3)

    def test_held_doubled_and_reversed(self):
        receiver, _ = self.receiver()
        control("POST", "/webhooks", {"mode": "hold", "copies": 2, "order": "reverse"})
        self.paid()
        self.assertTrue(receiver.received.empty())
        self.assertEqual(control("POST", "/webhooks/release")["released"], 6)
        types = [json.loads(receiver.next()[0])["type"] for _ in range(6)]
        self.assertEqual(
            types,
            ["payment_intent.succeeded"] * 2 + ["charge.succeeded"] * 2 + ["payment_intent.created"] * 2,
        )

    def test_events_of_connected_accounts_reach_the_platform(self):
        receiver, endpoint = self.receiver(events=["payment_intent.created"], connect=True)
        account = self.client("sk_test_connected").v1.accounts.retrieve_current().id
        self.stripe.v1.payment_intents.create({"amount": 2000, "currency": "eur"}, {"stripe_account": account})
        event = stripe.Webhook.construct_event(*receiver.next(), endpoint.secret)
        self.assertEqual(event.account, account)


if __name__ == "__main__":
    unittest.main()
