"""The bucket of backups, whatever server of the S3 protocol keeps it."""

import json
import os

import boto3
import botocore.config
import botocore.exceptions
from boto3.s3.transfer import TransferConfig

from .failure import Failure

# What an upload keeps in memory is a few of these; 10,000 of them are the longest object: 160 GB.
PART_BYTES = 16 << 20
# A request is given up after this long without a byte, and tried again a few times.
CONNECT_TIMEOUT_S, READ_TIMEOUT_S, ATTEMPTS = 10, 60, 4
NOT_FOUND = 404
# What a server says to a write of what is there already, or is being written by somebody else; and one that cannot tell.
THERE_ALREADY, CANNOT_TELL = (409, 412), (400, 501)
# How many names one request deletes at most.
DELETED_AT_ONCE = 1000


def setting(name):
    """An environment variable that has to be there."""
    if value := os.environ.get(name):
        return value
    raise Failure(f"{name} is not set: the chart takes it from the Secret elido-backup")


class Bucket:
    """Objects by their names. Every failure of the server is a `Failure` that names the object."""

    def __init__(self):
        self.name, self.endpoint = setting("BACKUP_BUCKET"), setting("BACKUP_ENDPOINT").rstrip("/")
        self.access_key, self.secret_key = setting("AWS_ACCESS_KEY_ID"), setting("AWS_SECRET_ACCESS_KEY")
        config = botocore.config.Config(
            connect_timeout=CONNECT_TIMEOUT_S, read_timeout=READ_TIMEOUT_S, retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            s3={"addressing_style": "path"},
        )
        region = os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        self.client = boto3.client("s3", endpoint_url=self.endpoint, region_name=region, config=config)
        self.transfer = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=2)

    def failed(self, what, key, error):
        return Failure(f"{what} s3://{self.name}/{key} at {self.endpoint} failed: {error}")

    def upload(self, key, stream):
        """Writes all that a stream has. If reading it raises, there is no object."""
        try:
            self.client.upload_fileobj(stream, self.name, key, Config=self.transfer)
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, boto3.exceptions.Boto3Error) as error:
            raise self.failed("writing", key, error) from error

    def write(self, key, document):
        """Writes a document as JSON."""
        self.put(key, json.dumps(document, indent=1).encode(), ContentType="application/json")

    def put(self, key, data, **more):
        """Writes these bytes."""
        try:
            self.client.put_object(Bucket=self.name, Key=key, Body=data, **more)
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            raise self.failed("writing", key, error) from error

    def put_new(self, key, data):
        """Writes these bytes unless the object is there, as far as the server can tell."""
        try:
            self.client.put_object(Bucket=self.name, Key=key, Body=data, IfNoneMatch="*")
        except botocore.exceptions.ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status in CANNOT_TELL:
                self.put(key, data)
            elif status not in THERE_ALREADY:
                raise self.failed("writing", key, error) from error
        except botocore.exceptions.BotoCoreError as error:
            raise self.failed("writing", key, error) from error

    def has(self, key):
        """Whether there is an object of this name."""
        try:
            self.client.head_object(Bucket=self.name, Key=key)
            return True
        except botocore.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == NOT_FOUND:
                return False
            raise self.failed("reading", key, error) from error
        except botocore.exceptions.BotoCoreError as error:
            raise self.failed("reading", key, error) from error

    def open(self, key):
        """The bytes of an object, as a stream."""
        try:
            return self.client.get_object(Bucket=self.name, Key=key)["Body"]
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            raise self.failed("reading", key, error) from error

    def read(self, key):
        """A document of JSON."""
        return json.loads(self.open(key).read())

    def list(self, prefix):
        """Names and sizes of all objects whose names begin so, in order."""
        try:
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
            return [(each["Key"], each["Size"]) for page in pages for each in page.get("Contents", ())]
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            raise self.failed("listing", prefix, error) from error

    def delete(self, keys):
        """Deletes objects, those that are not there included."""
        for start in range(0, len(keys), DELETED_AT_ONCE):
            objects = [{"Key": key} for key in keys[start : start + DELETED_AT_ONCE]]
            try:
                answer = self.client.delete_objects(Bucket=self.name, Delete={"Objects": objects, "Quiet": True})
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
                raise self.failed("deleting", objects[0]["Key"], error) from error
            if errors := answer.get("Errors"):
                raise self.failed("deleting", errors[0]["Key"], errors[0]["Message"])
