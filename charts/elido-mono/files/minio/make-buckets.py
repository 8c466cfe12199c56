"""Makes the buckets that Elido and its backups need, unless they are there: the arguments are their names.

Waits for the server, for ten minutes at most.
"""

import os
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

PATIENCE_SECONDS = 600
HAS_IT_ALREADY = ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")


def make(server, bucket):
    try:
        server.create_bucket(Bucket=bucket)
        print(f"made {bucket}")
    except ClientError as error:
        if error.response["Error"]["Code"] not in HAS_IT_ALREADY:
            raise
        print(f"{bucket} is there")


def main():
    server = boto3.client(
        "s3",
        endpoint_url=os.environ["ENDPOINT"],
        region_name="us-east-1",
        config=Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 0}),
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    for bucket in sys.argv[1:]:
        while True:
            try:
                make(server, bucket)
                break
            except (BotoCoreError, ClientError) as error:
                if time.monotonic() > deadline:
                    sys.exit(f"{bucket} could not be made: {error}")
                time.sleep(1)


main()
