"""What the executable is made of, as CycloneDX. Started by dev/sbom.

Crates are those that cargo builds for the target and links in, by Cargo.lock; packages of the dashboard are those of web/package-lock.json that no
test alone needs. What is written is held against the schema of CycloneDX.
"""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
import uuid
from datetime import UTC, datetime
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

LOCKS = ("Cargo.lock", "web/package-lock.json", "dev/lib.sh")
licenses = LicenseFactory()


def component(kind, name, version, license_text, hashes=(), namespace=None, what=ComponentType.LIBRARY):
    return Component(
        name=name, group=namespace, version=version, type=what, purl=PackageURL(kind, namespace, name, version), bom_ref=f"{kind}:{namespace or ''}/{name}@{version}", hashes=hashes,
        # Crates of old times write a stroke.
        licenses=[licenses.make_from_string(license_text.replace("/", " OR "))] if license_text else [],
    )


def cargo(command, *arguments):
    return subprocess.run(["cargo", command, "--locked", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def crates(target):
    """The executable itself, and every crate that is linked into it."""
    platform = ["--filter-platform", target] if target else []
    described = {(each["name"], each["version"]): each for each in json.loads(cargo("metadata", "--format-version", "1", *platform))["packages"]}
    tree = cargo("tree", "--edges", "normal", "--prefix", "none", "--format", "{p}", *(["--target", target] if target else []))
    linked = sorted({(name, version.removeprefix("v")) for name, version in (line.split()[:2] for line in tree.splitlines() if line.strip())})
    sums = {(each["name"], each["version"]): each.get("checksum") for each in tomllib.loads(Path("Cargo.lock").read_text())["package"]}
    made = []
    for key in linked:
        hashes = [HashType(alg=HashAlgorithm.SHA_256, content=sums[key])] if sums.get(key) else []
        made.append(component("cargo", *key, described[key]["license"], hashes))
    ours = [each for each in made if each.name == "elido"]
    return ours[0], [each for each in made if each not in ours]


def packages():
    """What the dashboard is built from."""
    found = []
    for path, each in json.loads(Path("web/package-lock.json").read_text())["packages"].items():
        if not path or each.get("dev") or each.get("optional") or each.get("devOptional"):
            continue
        namespace, _, name = path.rpartition("node_modules/")[2].rpartition("/")
        algorithm, _, digest = each["integrity"].partition("-")
        hashes = [HashType(alg=HashAlgorithm[algorithm.upper().replace("SHA", "SHA_")], content=base64.b64decode(digest).hex())]
        found.append(component("npm", name, each["version"], each.get("license"), hashes, namespace or None))
    return found


def country_file():
    """What dev/lib.sh fetches into the image."""
    namespace, name, version, digest = re.search(r"need_npm_file (@[\w-]+)/(\S+) (\S+) \\\s+([0-9a-f]{128})", Path("dev/lib.sh").read_text().partition("need_country_file()")[2]).groups()
    return component("npm", name, version, "CC-BY-4.0", [HashType(alg=HashAlgorithm.SHA_512, content=digest)], namespace, ComponentType.DATA)


def document(target):
    bom = Bom()
    ours, linked = crates(target)
    ours.type = ComponentType.APPLICATION
    bom.metadata.component = ours
    others = [*linked, *packages(), country_file()]
    for each in others:
        bom.components.add(each)
    bom.register_dependency(ours, others)
    sources = hashlib.sha256(b"".join(Path(name).read_bytes() for name in LOCKS)).hexdigest()
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, f"{sources} {target}")
    moment = os.environ.get("SOURCE_DATE_EPOCH")
    bom.metadata.timestamp = datetime.fromtimestamp(int(moment), UTC) if moment else datetime.now(UTC)
    return bom, JsonV1Dot6(bom).output_as_string(indent=1)


def main():
    file, target = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
    bom, text = document(target)
    if problem := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"error: what was made is no CycloneDX: {problem}")
    if unlicensed := sorted(each.name for each in bom.components if not each.licenses):
        sys.exit(f"error: no licence is known of {', '.join(unlicensed)}")
    file.write_text(text + "\n")
    print(f"{len(bom.components)} components in {file}")


if __name__ == "__main__":
    main()
