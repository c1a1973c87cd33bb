"""Gives the questions about a snippet one that is there, with its own token."""

import json
import os
import re
import urllib.request

import schemathesis

ID = re.compile(r"[1-9A-HJ-NP-Za-km-z]{12}")


def share(source="console.log(1)"):
    body = json.dumps({"source": source}).encode()
    request = urllib.request.Request(
        os.environ["MAYFLY_URL"] + "/api/v1/snippets", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@schemathesis.hook
def before_call(context, case, kwargs):
    # Only what could be right: a request without a token, or with an odd id, is meant to be refused.
    reference = (case.path_parameters or {}).get("reference")
    is_right = isinstance(reference, str) and ID.fullmatch(reference) is not None
    if case.path.startswith("/api/v1/functions/") and is_right:
        case.path_parameters["reference"] = share("export default (it) => it")["id"]
    if case.method in ("PATCH", "DELETE") and is_right and "Authorization" in (case.headers or {}):
        snippet = share()
        case.path_parameters["reference"] = snippet["id"]
        case.headers["Authorization"] = "Bearer " + snippet["deletion_token"]
