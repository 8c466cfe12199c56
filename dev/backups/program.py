"""elido-backup as it is in the image, with the very packages, and a bucket of their own."""

import json
import os
import subprocess
import sys
import uuid
from urllib.parse import urlsplit

from harness import ROOT, die, say, shell

IMAGE = ROOT / "deploy/images/postgres"
TOOLS = ROOT / "target/tools/backup"


def install():
    """A Python with the packages of the image."""
    wanted, complete = IMAGE / "requirements.txt", TOOLS / "complete"
    if complete.exists() and complete.read_text() == wanted.read_text():
        return
    # Debian's own Python, because the user of PostgreSQL has to get at it.
    shell("need_packages python3 python3-venv")
    say("fetching what elido-backup needs")
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--clear", TOOLS], check=True)
    subprocess.run([TOOLS / "bin/pip", "install", "--quiet", "-r", wanted], check=True, stdout=sys.stderr)
    complete.write_text(wanted.read_text())


class Storage:
    """The MinIO of dev/services, with a new bucket in it."""

    def __init__(self):
        url = subprocess.run([ROOT / "dev/services/minio", "start"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        parts = urlsplit(url)
        self.endpoint = f"http://{parts.hostname}:{parts.port}"
        self.bucket = f"backups-{uuid.uuid4().hex[:12]}"
        self.environment = {
            "PATH": f"{TOOLS}/bin:/usr/lib/postgresql/15/bin:{os.environ['PATH']}", "BACKUP_ENDPOINT": self.endpoint, "BACKUP_BUCKET": self.bucket,
            "AWS_ACCESS_KEY_ID": parts.username, "AWS_SECRET_ACCESS_KEY": parts.password, "AWS_DEFAULT_REGION": "us-east-1",
        }
        self.script("client.create_bucket(Bucket=bucket)")

    def script(self, text, *arguments):
        """Runs some lines of Python against the bucket, with boto3; what they print, as JSON."""
        head = "import json, os, sys, boto3\nbucket = os.environ['BACKUP_BUCKET']\nclient = boto3.client('s3', endpoint_url=os.environ['BACKUP_ENDPOINT'])\n"
        run = subprocess.run([TOOLS / "bin/python", "-c", head + text, *arguments], env=self.environment, capture_output=True, text=True)
        if run.returncode != 0:
            die(run.stderr)
        return json.loads(run.stdout) if run.stdout else None

    def keys(self, prefix=""):
        return self.script("print(json.dumps([each['Key'] for each in client.list_objects_v2(Bucket=bucket, Prefix=sys.argv[1]).get('Contents', [])]))", prefix)

    def uploads(self, keys):
        """Those of these objects of which uploads have begun and are not done."""
        return self.script("print(json.dumps([key for key in sys.argv[1:] if client.list_multipart_uploads(Bucket=bucket, Prefix=key).get('Uploads')]))", *keys)

    def copy(self, start, ends):
        """Copies all objects whose names begin so, to each of other beginnings."""
        self.script(
            "start, *ends = sys.argv[1:]\n"
            "keys = [each['Key'] for each in client.list_objects_v2(Bucket=bucket, Prefix=start)['Contents']]\n"
            "for end in ends:\n"
            "    for key in keys:\n"
            "        client.copy_object(Bucket=bucket, Key=end + key.removeprefix(start), CopySource={'Bucket': bucket, 'Key': key})",
            start, *ends,
        )

    def damage(self, key):
        """Changes one byte in the middle of an object."""
        self.script(
            "body = bytearray(client.get_object(Bucket=bucket, Key=sys.argv[1])['Body'].read())\nbody[len(body) // 2] ^= 1\nclient.put_object(Bucket=bucket, Key=sys.argv[1], Body=bytes(body))",
            key,
        )


class Program:
    """elido-backup with the stores of one system."""

    def __init__(self, storage, postgres, clickhouse=""):
        self.environment = storage.environment | {"BACKUP_POSTGRES_URL": postgres, "CLICKHOUSE_URL": clickhouse}

    def start(self, *arguments):
        command = [IMAGE / "elido-backup", *map(str, arguments)]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments):
        """The figures of its RESULT line."""
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=300)
        if process.returncode != 0:
            die(f"elido-backup {' '.join(map(str, arguments))}: {errors}")
        return json.loads(output.rpartition("RESULT ")[2])

    def refuse(self, *arguments):
        """What it says when it does not do what it is asked for."""
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=300)
        return errors if process.returncode != 0 else f"it went through: {output}"
