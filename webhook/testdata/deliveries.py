"""Makes deliveries.json: deliveries as Didit signs them.

    python3 deliveries.py > deliveries.json

The tests read deliveries.json and need no Python. The body is what Didit sends: floats
without a fraction made integers, keys sorted, no spaces, ASCII only. X-Signature signs
it as it is, X-Signature-V2 signs the same with non-ASCII characters as they are, and
X-Signature-Simple signs four values of it, a missing one as the empty text.
"""

import hashlib
import hmac
import json

from canonical import shorten

SECRET = "whsec_invented_0123456789abcdefghijklmnopqrs"
NOW = 1795521600
SESSION = "6f1b0c52-7a53-4c2f-9d0e-2f1f4a1f0a01"
ENVELOPE = {
    "event_id": "7d1c2a8e-0b57-4b8e-9a35-3f0d7c2b1e01", "webhook_type": "status.updated", "timestamp": NOW, "created_at": NOW - 60,
    "application_id": "5b1d4c1e-90f3-4a85-b7c8-1a52e9d0c00a", "environment": "live", "session_id": SESSION, "status": "Approved",
    "workflow_id": "c2a7e8d4-3b16-4f0a-8e57-7f5c6b4d3004", "workflow_version": 3, "vendor_data": "customer-1", "metadata": None,
}

DELIVERIES = {
    "approved": {"decision": {"session_id": SESSION, "status": "Approved", "id_verifications": [{"status": "Approved", "age": 31}]}},
    "non-ASCII": {"vendor_data": "Zoë Ñandú 漢字 😀", "decision": {"session_id": SESSION, "id_verifications": [{"first_name": "Zoë", "last_name": "Ñandú"}]}},
    "floats": {"decision": {"session_id": SESSION, "liveness_checks": [{"score": 95.0, "age_estimation": 31.25}, {"score": 0.0}, {"score": -0.0}],
                            "face_matches": [{"score": 98.1}, {"score": 1e16}, {"score": 1.5e-7}]}},
    "texts": {"vendor_data": "<a href=\"x\">&\u2028\u2029\u0000\u001f\u007f\t\n\\ /", "metadata": {"é": 1, "z": 2, "Z": 3, "_": 4, "\uff5e": 5, "😀": 6}},
    "company": {"session_kind": "business", "business_session_id": SESSION, "vendor_business_id": "company-1",
                "decision": {"session_id": SESSION, "session_kind": "business", "registry_checks": [{"status": "Approved", "company": {"company_name": "Muster GmbH & Co."}}]}},
    "resubmitted": {"status": "Resubmitted", "resubmit_info": {"nodes_to_resubmit": [{"node_id": "feature_ocr_1", "feature": "OCR"}], "reasons": {"feature_ocr_1": "Zu dunkel."}}},
    "in progress, without vendor data": {"status": "In Progress", "vendor_data": ...},
    "the test button": {"event_id": ..., "application_id": ..., "environment": ..., "metadata": {"test_webhook": True},
                        "decision": {"session_id": SESSION, "liveness_score": 95.0, "is_vpn": False}},
}


def sign(text):
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


def delivery(name, changes):
    event = {key: value for key, value in {**ENVELOPE, **changes}.items() if value is not ...}
    event = shorten(event)
    body = json.dumps(event, sort_keys=True, separators=(",", ":"))
    canonical = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    simple = ":".join(str(event.get(key, "")) for key in ("timestamp", "session_id", "status", "webhook_type"))
    return {"name": name, "body": body, "x_signature": sign(body), "x_signature_v2": sign(canonical), "x_signature_simple": sign(simple)}


print(json.dumps([delivery(name, changes) for name, changes in DELIVERIES.items()], indent=1))
