"""Reads identity policies as one JSON list of documents from its input, and prints a line of JSON for each: the list of parliament's
findings, as names of issues with their places."""

import json
import sys

from parliament import analyze_policy_string

for document in json.load(sys.stdin):
    policy = analyze_policy_string(document)
    print(json.dumps(sorted({f"{f.issue}: {f.detail}" for f in policy.findings})))
