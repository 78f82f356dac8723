"""Makes an S3 store ready: the three buckets, who may read them, and that pages of ours may use them."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from funmagic.core.settings import Settings
from funmagic.core.storage.protocol import PUBLIC_BUCKET
from funmagic.core.storage.s3 import bucket_names, make_client

NOT_CONFIGURED = (
    "Files live in the data directory. To keep them in an S3 store, set FUNMAGIC_S3_ACCESS_KEY and "
    "FUNMAGIC_S3_SECRET_KEY, and FUNMAGIC_S3_ENDPOINT unless it is AWS."
)
PROBE_KEY = "setup-storage-probe"
PREFLIGHT_LIFETIME_S = 3600
RULES_ARRIVE_S = 10
TROUBLE = (ClientError, BotoCoreError, httpx.HTTPError)


@dataclass
class Report:
    """What was done, in lines for an operator, and whether all of it worked."""

    lines: list[str] = field(default_factory=list)
    is_ready: bool = True

    def add_line(self, line: str, *, is_trouble: bool = False) -> None:
        """Add a line."""
        self.lines.append(line)
        self.is_ready = self.is_ready and not is_trouble

    def attempt(self, what: str, action: Callable[[], object]) -> bool:
        """Do something to the store and say so; when it does not work say why, and go on."""
        try:
            action()
        except TROUBLE as error:
            self.add_line(f"{what}: FAILED: {error}", is_trouble=True)
            return False
        self.add_line(what)
        return True


def setup_buckets(settings: Settings) -> tuple[list[str], bool]:
    """Set up the configured store; returns what was done, and whether it is ready. Doing it again is fine."""
    if not settings.uses_s3:
        return [NOT_CONFIGURED], False
    client = make_client(settings, settings.s3_endpoint)
    report = Report()
    for role, name in bucket_names(settings).items():
        if _make(report, client, settings, name):
            _set_cors(report, client, settings, name)
            _set_readers(report, client, name, is_public=role == PUBLIC_BUCKET)
            _check_readers(report, client, name, is_public=role == PUBLIC_BUCKET)
    return report.lines, report.is_ready


def _make(report: Report, client: Any, settings: Settings, name: str) -> bool:
    try:
        client.head_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            report.add_line(f"{name}: cannot be used: {error}", is_trouble=True)
            return False
    except BotoCoreError as error:
        report.add_line(f"{name}: the store does not answer: {error}", is_trouble=True)
        return False
    else:
        report.add_line(f"{name}: is there already")
        return True
    # AWS wants every region named but its first; "auto" is what stores without regions call theirs.
    has_region = settings.s3_region not in ("us-east-1", "auto")
    where = {"CreateBucketConfiguration": {"LocationConstraint": settings.s3_region}} if has_region else {}
    return report.attempt(f"{name}: made", lambda: client.create_bucket(Bucket=name, **where))


def _set_cors(report: Report, client: Any, settings: Settings, name: str) -> None:
    rule = {
        "AllowedOrigins": list(settings.allowed_origins),
        "AllowedMethods": ["PUT", "GET", "HEAD"],
        "AllowedHeaders": ["Content-Type"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": PREFLIGHT_LIFETIME_S,
    }
    origins = " and ".join(settings.allowed_origins)
    report.attempt(
        f"{name}: may be used by pages of {origins}",
        lambda: client.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [rule]}),
    )


def _set_readers(report: Report, client: Any, name: str, *, is_public: bool) -> None:
    """Open the public bucket's objects to everybody, and lock the others where the store has a lock for that."""
    locks = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    shut = dict.fromkeys(locks, True) | dict.fromkeys(locks[2:], not is_public)
    # Only AWS and a few others have it; whether strangers can read is tried out in any case.
    with suppress(*TROUBLE):
        client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=shut)
    if is_public:
        policy = json.dumps(_everybody_reads(name))
        report.attempt(
            f"{name}: its objects may be read by everybody",
            lambda: client.put_bucket_policy(Bucket=name, Policy=policy),
        )


def _everybody_reads(name: str) -> dict[str, Any]:
    allow = {"Sid": "EverybodyReads", "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"]}
    return {"Version": "2012-10-17", "Statement": [allow | {"Resource": [f"arn:aws:s3:::{name}/*"]}]}


def _check_readers(report: Report, client: Any, name: str, *, is_public: bool) -> None:
    try:
        is_readable = _stranger_reads(client, name, expected=is_public)
    except TROUBLE as error:
        report.add_line(f"{name}: cannot be written to and read: {error}", is_trouble=True)
        return
    readers = "everybody can read its objects" if is_readable else "strangers cannot read its objects"
    is_right = is_readable == is_public
    advice = "" if is_right else ", WHICH MUST NOT BE: see to its access rules in your store's own console"
    report.add_line(f"{name}: tried out: {readers}{advice}", is_trouble=not is_right)


def _stranger_reads(client: Any, name: str, *, expected: bool) -> bool:
    """Whether an object can be read without a signature; a new rule is given time to arrive everywhere."""
    address = {"Bucket": name, "Key": PROBE_KEY}
    client.put_object(**address, Body=b"probe")
    url = client.generate_presigned_url("get_object", Params=address).partition("?")[0]
    deadline = time.monotonic() + RULES_ARRIVE_S
    while (is_readable := httpx.get(url).status_code == httpx.codes.OK) != expected and time.monotonic() < deadline:
        time.sleep(1)
    client.delete_object(**address)
    return is_readable
