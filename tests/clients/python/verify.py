"""Reads {secret, headers, body} as JSON from standard input; says whether both published verifiers take it."""

import json
import sys

from standardwebhooks.webhooks import Webhook as StandardWebhook
from svix.webhooks import Webhook as SvixWebhook

given = json.load(sys.stdin)
for verifier in (StandardWebhook, SvixWebhook):
    verifier(given["secret"]).verify(given["body"], given["headers"])
print("verified")
