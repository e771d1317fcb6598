"""Stripe's own Python SDK against the sandbox's side of Connect: accounts, links, transfers, reversals, balances.

Run with `test_sandbox.py`, which says how.
"""

import http.client
import re
import unittest
import urllib.parse

import stripe

import test_sandbox as sandbox
from test_sandbox import control

REFRESH_URL = "https://app.example/refresh"
RETURN_URL = "https://app.example/return"


def setUpModule():
    sandbox.setUpModule()


def tearDownModule():
    sandbox.tearDownModule()


def visit(url, form=None):
    """One step of a browser that follows no redirect: the status, where it leads, and the page."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        body = None if form is None else urllib.parse.urlencode(form)
        connection.request("GET" if form is None else "POST", parts.path, body)
        answer = connection.getresponse()
        return answer.status, answer.headers["location"], answer.read().decode()
    finally:
        connection.close()


class ConnectTest(sandbox.SandboxTest):
    def setUp(self):
        super().setUp()
        self.platform = self.stripe.v1.accounts.retrieve_current().id

    def account(self, outcome=None, **params):
        params = {"type": "express", "country": "DE", **params}
        id = self.stripe.v1.accounts.create(params).id
        if outcome:
            control("POST", f"/accounts/{id}/onboarding", {"outcome": outcome})
        return id

    def link(self, account, **params):
        return self.stripe.v1.account_links.create(
            {
                "account": account,
                "type": "account_onboarding",
                "refresh_url": REFRESH_URL,
                "return_url": RETURN_URL,
                **params,
            }
        )

    def fund(self, account, available, currency="eur"):
        control("POST", f"/accounts/{account}/balance", {"currency": currency, "available": available})

    def available(self, account=None):
        options = {"stripe_account": account} if account else {}
        balance = self.stripe.v1.balance.retrieve(options=options)
        return balance.available[0].amount, balance.pending[0].amount

    def transfer(self, destination, amount=1000, options=None, **params):
        return self.stripe.v1.transfers.create(
            {"amount": amount, "currency": "eur", "destination": destination, **params}, options or {}
        )

    def refused(self, code, call, *args, **params):
        with self.assertRaises(stripe.InvalidRequestError) as refused:
            call(*args, **params)
        self.assertEqual(refused.exception.code, code)
        return refused.exception


class AccountTest(ConnectTest):
    def test_an_account_from_its_creation_to_its_end(self):
        accounts = self.stripe.v1.accounts
        account = accounts.create(
            {
                "controller": {
                    "fees": {"payer": "application"},
                    "losses": {"payments": "application"},
                    "requirement_collection": "stripe",
                    "stripe_dashboard": {"type": "express"},
                },
                "capabilities": {"transfers": {"requested": True}},
                "business_profile": {"name": "Bikes"},
                "email": "m@shop.example",
                "metadata": {"merchantReference": "MER1"},
            }
        )
        self.assertEqual((account.type, account.controller.stripe_dashboard.type), ("none", "express"))
        self.assertEqual(account.capabilities.transfers, "inactive")
        self.assertIn("external_account", account.requirements.currently_due)
        account = accounts.update(account.id, {"business_profile": {"url": "https://bikes.example"}})
        self.assertEqual((account.business_profile.name, account.business_profile.url), ("Bikes", "https://bikes.example"))
        self.assertEqual([one.id for one in accounts.list().data], [account.id])
        capability = accounts.capabilities.retrieve(account.id, "transfers")
        self.assertEqual((capability.status, capability.requested), ("inactive", True))
        rejected = accounts.reject(account.id, {"reason": "fraud_other"})
        self.assertEqual(rejected.requirements.disabled_reason, "rejected.platform_fraud")
        self.assertTrue(accounts.delete(account.id).deleted)
        with self.assertRaises(stripe.PermissionError) as refused:
            accounts.retrieve(account.id)
        self.assertEqual(refused.exception.error.code, "account_invalid")

    def test_onboarding_is_clicked_through(self):
        account = self.account()
        link = self.link(account)
        self.assertEqual(link.expires_at - link.created, 300)
        status, _, page = visit(link.url)
        self.assertEqual(status, 200)
        secret = re.search(r'name="visit" value="(\w+)"', page).group(1)
        self.assertEqual(visit(link.url)[1], REFRESH_URL)
        self.assertEqual(visit(link.url, {"visit": secret, "outcome": "complete"})[1], RETURN_URL)
        account = self.stripe.v1.accounts.retrieve(account)
        self.assertTrue(account.details_submitted and account.charges_enabled and account.payouts_enabled)
        self.assertEqual(account.capabilities.transfers, "active")
        login = self.stripe.v1.accounts.login_links.create(account.id)
        self.assertEqual([visit(login.url)[0] for _ in range(2)], [200, 404])

    def test_links_have_their_limits(self):
        account = self.account(type="standard")
        self.refused(None, self.link, account, type="account_update")
        self.refused(None, self.stripe.v1.accounts.login_links.create, account)
        link = self.link(account)
        control("POST", "/clock", {"advance_seconds": 300})
        self.assertEqual(visit(link.url)[1], REFRESH_URL)

    def test_more_is_asked_for_until_a_deadline(self):
        account = self.account("ask_for_more")
        requirements = self.stripe.v1.accounts.retrieve(account).requirements
        self.assertGreater(requirements.current_deadline, 0)
        control("POST", "/clock", {"advance_seconds": 15 * 86400})
        requirements = self.stripe.v1.accounts.retrieve(account).requirements
        self.assertEqual(requirements.disabled_reason, "requirements.past_due")
        self.assertEqual(requirements.past_due, ["individual.verification.document"])

    def test_a_platform_without_connect(self):
        control("POST", f"/accounts/{self.platform}", {"connect": False})
        refused = self.refused(None, self.account)
        self.assertIn("signed up for Connect", str(refused))


class TransferTest(ConnectTest):
    def test_out_of_a_charge_before_it_is_available(self):
        merchant = self.account("complete")
        intent = self.paid(transfer_group="DE--1")
        transfer = self.transfer(merchant, 1500, source_transaction=intent.latest_charge, metadata={"m": "1"})
        self.assertEqual((transfer.transfer_group, transfer.reversed), ("DE--1", False))
        self.assertEqual(self.available(merchant), (0, 1500))
        above = self.refused(None, self.transfer, merchant, 501, source_transaction=intent.latest_charge)
        self.assertEqual(above.param, "amount")
        control("POST", "/clock", {"advance_seconds": 3 * 86400})
        self.assertEqual(self.available(merchant), (1500, 0))
        self.assertEqual(self.available(), (2000 - 55 - 1500, 0))
        transfers = self.stripe.v1.transfers
        self.assertEqual([one.id for one in transfers.list({"transfer_group": "DE--1"}).data], [transfer.id])
        self.assertEqual([one.id for one in transfers.list({"destination": merchant}).data], [transfer.id])
        self.assertEqual(transfers.update(transfer.id, {"metadata": {"m": "2"}}).metadata["m"], "2")
        self.assertEqual(transfers.retrieve(transfer.id).destination, merchant)

    def test_refusals(self):
        merchant, fresh = self.account("complete"), self.account()
        self.refused("balance_insufficient", self.transfer, merchant)
        self.refused("insufficient_capabilities_for_transfer", self.transfer, fresh)
        self.refused("resource_missing", self.transfer, "acct_unknown")
        refused = self.refused("parameter_unknown", self.transfer, merchant, colour="blue")
        self.assertEqual(refused.param, "colour")

    def test_reversals(self):
        merchant = self.account("complete")
        self.fund(self.platform, 1000)
        transfer = self.transfer(merchant)
        reversals = self.stripe.v1.transfers.reversals
        first = reversals.create(transfer.id, {"amount": 300, "metadata": {"a": "1"}})
        self.assertEqual(self.refused(None, reversals.create, transfer.id, {"amount": 701}).param, "amount")
        rest = reversals.create(transfer.id)
        self.assertEqual((first.amount, rest.amount, rest.transfer), (300, 700, transfer.id))
        self.assertEqual([one.id for one in reversals.list(transfer.id).data], [rest.id, first.id])
        self.assertEqual(reversals.retrieve(transfer.id, first.id).metadata["a"], "1")
        transfer = self.stripe.v1.transfers.retrieve(transfer.id)
        self.assertEqual((transfer.reversed, transfer.amount_reversed), (True, 1000))
        self.assertEqual((self.available(), self.available(merchant)), ((1000, 0), (0, 0)))
        self.refused(None, reversals.create, transfer.id)

    def test_a_merchant_without_money(self):
        merchant = self.account("complete")
        self.fund(self.platform, 1000)
        transfer = self.transfer(merchant)
        self.fund(merchant, 100)
        self.refused("balance_insufficient", self.stripe.v1.transfers.reversals.create, transfer.id)

    def test_the_same_key_transfers_once(self):
        merchant = self.account("complete")
        self.fund(self.platform, 1000)
        control("POST", "/faults", {"kind": "lose_answer", "method": "POST", "path": "/v1/transfers"})
        client = self.client(max_network_retries=2)
        transfer = client.v1.transfers.create({"amount": 600, "currency": "eur", "destination": merchant})
        self.assertEqual(transfer.amount, 600)
        self.assertEqual((self.available(), self.available(merchant)), ((400, 0), (600, 0)))

    def test_balance_transactions(self):
        merchant = self.account("complete")
        self.fund(self.platform, 1000)
        transfer = self.transfer(merchant)
        rows = self.stripe.v1.balance_transactions.list({"source": transfer.id}).data
        self.assertEqual([(row.type, row.net) for row in rows], [("transfer", -1000)])
        there = self.stripe.v1.balance_transactions.list({}, {"stripe_account": merchant}).data
        self.assertEqual([(row.type, row.net) for row in there], [("payment", 1000)])
        payment = self.stripe.v1.charges.retrieve(transfer.destination_payment, {}, {"stripe_account": merchant})
        self.assertEqual(payment.source_transfer, transfer.id)


class ConnectWebhookTest(ConnectTest):
    def receiver(self, **params):
        receiver = sandbox.Receiver()
        self.addCleanup(receiver.close)
        endpoint = self.stripe.v1.webhook_endpoints.create({"url": receiver.url, **params})
        return receiver, endpoint.secret

    def test_an_account_that_changes_is_told_to_the_connect_endpoint(self):
        receiver, secret = self.receiver(connect=True, enabled_events=["account.updated"])
        account = self.account("complete")
        event = stripe.Webhook.construct_event(*receiver.next(), secret)
        self.assertEqual((event.type, event.account, event.data.object.id), ("account.updated", account, account))
        self.assertTrue(event.data.object.payouts_enabled)

    def test_a_transfer_is_told_to_the_platforms_own_endpoint(self):
        receiver, secret = self.receiver(enabled_events=["transfer.created", "transfer.reversed"])
        merchant = self.account("complete")
        self.fund(self.platform, 1000)
        transfer = self.transfer(merchant)
        self.stripe.v1.transfers.reversals.create(transfer.id)
        events = [stripe.Webhook.construct_event(*receiver.next(), secret) for _ in range(2)]
        self.assertEqual([event.type for event in events], ["transfer.created", "transfer.reversed"])
        self.assertNotIn("account", events[0])
        self.assertTrue(events[1].data.object.reversed)

    def test_each_account_lists_its_own_events(self):
        first, second = self.account("complete"), self.account("complete")
        for account in (first, second):
            listed = self.stripe.v1.events.list({"types": ["account.updated"]}, {"stripe_account": account}).data
            self.assertEqual({event.data.object.id for event in listed}, {account})
        self.assertEqual(self.stripe.v1.events.list({"types": ["account.updated"]}).data, [])

    def test_a_merchant_sends_the_platform_away(self):
        receiver, secret = self.receiver(connect=True, enabled_events=["account.application.deauthorized"])
        account = self.account(type="standard")
        control("POST", f"/accounts/{account}/deauthorize")
        event = stripe.Webhook.construct_event(*receiver.next(), secret)
        self.assertEqual((event.account, event.data.object.object), (account, "application"))
        with self.assertRaises(stripe.PermissionError):
            self.available(account)


if __name__ == "__main__":
    unittest.main()
