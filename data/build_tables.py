#!/usr/bin/env python3
"""Writes the generated tables of this folder from published facts.

    python3 data/build_tables.py --facts DIR --botocore WHEEL_OR_FOLDER --date YYYY-MM-DD

`--facts` holds `iam_facts.json` (service prefix: actions, resource types, condition keys),
`overlay_candidates.json` (event sources, operations whose name is not an action, operations that ask for
several actions), `service-configuration.json` (client names and their service prefixes) and the path
tables `sagemaker_param_paths.csv`, `ai_param_paths.csv`. README.md says where each comes from.
The output depends on the input alone: same input, same bytes.
"""

import argparse
import csv
import gzip
import io
import json
import re
import sys
import zipfile
import zlib
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = HERE / "generated"

# Client folders whose service prefix follows neither from the rename table nor from the model's own names.
PREFIX_OF_CLIENT = {
    "cloudcontrol": "cloudformation",
    "cloudwatch": "cloudwatch",
    "connectparticipant": "connect",
    "iot-data": "iot",
    "iotsecuretunneling": "iot",
    "mturk": "mechanicalturk",
    "partnercentral-account": "partnercentral",
    "partnercentral-benefits": "partnercentral",
    "partnercentral-channel": "partnercentral",
    "partnercentral-selling": "partnercentral",
}

ROLE_MEMBER = re.compile(r"(?i)(role(s?arns?|s?|names?|id|override)?|instanceprofile(name|arn)?)$")
PROFILE = re.compile(r"(?i)instanceprofile(specification)?$")
NOT_A_ROLE = re.compile(r"(?i)^(dbuserrole|userrole|memberrole|.*(policy|type|status)role|role(s)?alias.*)$")
DEPTH_MAX = 7
# Operations that change something and take a role's ARN pass it, also where the reference forgets to say
# so; in these services a role's ARN is an object of the call or its target instead.
ROLE_ARN = re.compile(r"(?i)rolearns?(\[\])?$")
READS = re.compile(r"^(Get|List|Describe|BatchGet|BatchDescribe|Query|Search|Delete|Remove|Disassociate|Detach)")
ROLE_IS_NOT_PASSED = {"iam", "sts", "organizations", "sso", "ram", "kms", "identitystore", "signin", "ssm-contacts"}


class Models:
    """The API models of botocore: the newest version of every service."""

    def __init__(self, path):
        path = Path(path)
        files = {}
        if path.suffix == ".whl":
            archive = zipfile.ZipFile(path)
            for name in archive.namelist():
                match = re.fullmatch(r"botocore/data/([^/]+)/([^/]+)/service-2\.json\.gz", name)
                if match:
                    files[match.groups()] = lambda name=name: archive.read(name)
            self.version = path.name.split("-")[1]
        else:
            for file in path.glob("data/*/*/service-2.json.gz"):
                files[file.parent.parent.name, file.parent.name] = lambda file=file: file.read_bytes()
            self.version = re.search(r'__version__ = .([\d.]+)', (path / "__init__.py").read_text()).group(1)
        newest = {}
        for client, version in files:
            newest[client] = max(version, newest.get(client, ""))
        self.models = {
            client: json.loads(gzip.decompress(files[client, version]()))
            for client, version in sorted(newest.items())
        }


def header(lines):
    return "".join(f"# {line}\n" for line in lines)


def prefix_of(client, model, facts, renames):
    if client in PREFIX_OF_CLIENT:
        return PREFIX_OF_CLIENT[client]
    meta = model["metadata"]
    for candidate in (renames.get(client), meta.get("signingName"), meta.get("endpointPrefix"), client):
        if candidate in facts:
            return candidate
    return None


def lower_first(name):
    return name[:1].lower() + name[1:]


def in_reference(facts, action):
    service, _, name = action.partition(":")
    return name in facts.get(service, {"a": {}})["a"]


def action_map(facts, overlay, models, prefixes):
    """(prefix, event name in lower case) → (certain actions, possible actions, passes a role)."""
    rows, dropped = {}, []
    spelled = {f"{s}:{a}".lower(): f"{s}:{a}" for s, d in facts.items() for a in d["a"]}
    for key in sorted(set(overlay["nonidentity"]) | set(overlay["multi"])):
        service = key.split(":")[0]
        listed = list(dict.fromkeys(overlay["nonidentity"].get(key, []) + overlay["multi"].get(key, [])))
        passes = "iam:PassRole" in listed
        clean = []
        for action in listed:
            if action == "iam:PassRole":
                continue
            right = spelled.get(action.lower())
            if right is None:
                dropped.append(f"{key} → {action}")
            elif right not in clean:
                clean.append(right)
        if key in spelled:
            # An action of the operation's own name is the one that is certainly asked for.
            certain = [spelled[key]]
        else:
            certain = clean[:1]
            if certain and certain[0].split(":")[0] != service and not certain[0].startswith("execute-api:"):
                # The overlay files operations of one service under another one's name.
                if certain[0] not in ("s3-object-lambda:WriteGetObjectResponse",):
                    dropped.append(f"{key} → {certain[0]} (another service)")
                    continue
        if not certain:
            continue
        possible = [a for a in clean if a not in certain and not (service == "s3" and a.startswith("s3-outposts:"))]
        if certain == [spelled.get(key)] and not possible and not passes:
            continue
        rows[service, key.split(":")[1]] = (certain, possible, passes)
    # API Gateway asks for the HTTP method on the path, except where an action has the operation's name.
    for client in ("apigateway", "apigatewayv2"):
        for name, operation in sorted(models.models[client]["operations"].items()):
            if f"apigateway:{name}".lower() in spelled:
                continue
            rows["apigateway", name.lower()] = ([f"apigateway:{operation['http']['method']}"], [], False)
    return rows, dropped, spelled


def operations_by_prefix(models, prefixes):
    found = defaultdict(set)
    for client, model in models.models.items():
        if prefixes[client]:
            found[prefixes[client]] |= {name.lower() for name in model["operations"]}
    return found


def write_reference(facts, operations, rows, stamp, models):
    led_to = set()
    for (service, event), (certain, _, _) in rows.items():
        if event in operations.get(service, ()) or service == "apigateway":
            led_to |= set(certain)
    out = io.StringIO()
    out.write(header(stamp + [
        f"Operation flag: API models of botocore {models.version} (Apache-2.0) and the action map.",
        "S service; T resource type, ARN template; K condition key, type; A action, level (RWLTP, capital O "
        "behind it: an API operation leads to it), resource types (numbers of T lines from 0; ? optional), "
        "dependent actions, condition keys (numbers of K lines from 0)",
    ]))
    for service, data in sorted(facts.items()):
        types, keys = sorted(data.get("t", {}).items()), sorted(data.get("c", {}).items())
        number_of_type = {name: str(i) for i, (name, _) in enumerate(types)}
        number_of_key = {name: str(i) for i, (name, _) in enumerate(keys)}
        out.write(f"S\t{service}\n")
        for name, template in types:
            out.write(f"T\t{name}\t{template}\n")
        for name, kind in keys:
            out.write(f"K\t{name}\t{kind}\n")
        for name, action in sorted(data["a"].items(), key=lambda item: item[0].lower()):
            flag = "O" if name.lower() in operations.get(service, ()) or f"{service}:{name}" in led_to else ""
            resources = ",".join(
                ("?" if r.startswith("?") else "") + number_of_type[r.lstrip("?")] for r in action.get("r", [])
            )
            unknown = [k for k in action.get("c", []) if k not in number_of_key]
            if unknown:
                sys.exit(f"{service}:{name}: condition keys without a type: {unknown}")
            conditions = ",".join(number_of_key[k] for k in action.get("c", []))
            fields = [name, action["l"] + flag, resources, ",".join(action.get("d", [])), conditions]
            out.write(("A\t" + "\t".join(fields)).rstrip("\t") + "\n")
    raw = out.getvalue().encode()
    (OUT / "reference.tsv.zlib").write_bytes(zlib.compress(raw, 9))
    return len(raw)


def write_action_map(rows, stamp):
    lines = [header(stamp + [
        "service prefix, event name in lower case, certain actions, possible actions, 'role' when the call can pass a role"
    ])]
    for (service, event), (certain, possible, passes) in sorted(rows.items()):
        fields = [service, event, ",".join(certain), ",".join(possible), "role" if passes else ""]
        lines.append("\t".join(fields).rstrip("\t") + "\n")
    (OUT / "action_map.tsv").write_text("".join(lines))


def write_event_sources(facts, overlay, models, prefixes, stamp):
    hosts = defaultdict(list)
    for host, prefix in sorted(overlay["sources"].items()):
        if prefix in facts:
            hosts[host].append(prefix)
    for client, model in models.models.items():
        prefix, meta = prefixes[client], model["metadata"]
        if not prefix:
            continue
        for host in {meta["endpointPrefix"].lower(), (meta.get("signingName") or "").lower(), client} - {""}:
            if host == prefix or (host in facts and prefix not in hosts[host]):
                # A host that is itself a prefix names its own service; curated rows add the exceptions.
                continue
            if prefix not in hosts[host]:
                hosts[host].append(prefix)
    lines = [header(stamp + ["host of eventSource before .amazonaws.com, service prefixes to try in this order"])]
    lines += [f"{host}\t{','.join(found)}\n" for host, found in sorted(hosts.items()) if found]
    (OUT / "event_sources.tsv").write_text("".join(lines))


def role_members(shapes, name, path=(), depth=0, above=()):
    """Paths in the request whose member's name says that it carries a role."""
    shape = shapes[name]
    kind = shape["type"]
    if depth > DEPTH_MAX or name in above:
        return
    above = above + (name,)
    if kind == "structure":
        for member, target in sorted(shape.get("members", {}).items()):
            inner = shapes[target["shape"]]
            step = path + (lower_first(member),)
            leaf = inner
            suffix = ""
            while leaf["type"] == "list":
                leaf, suffix = shapes[leaf["member"]["shape"]], suffix + "[]"
            if leaf["type"] == "string":
                inside_profile = path and PROFILE.search(path[-1]) and member in ("Arn", "Name")
                named = ROLE_MEMBER.search(member) and not NOT_A_ROLE.match(member) and "enum" not in leaf
                if named or inside_profile:
                    yield ".".join(step) + suffix
            else:
                yield from role_members(shapes, target["shape"], step, depth + 1, above)
    elif kind == "list":
        *front, last = path or ("",)
        yield from role_members(shapes, shape["member"]["shape"], tuple(front) + (last + "[]",), depth + 1, above)
    elif kind == "map":
        *front, last = path or ("",)
        yield from role_members(shapes, shape["value"]["shape"], tuple(front) + (last + "{}",), depth + 1, above)


def value_kind(path):
    steps = [PROFILE.search(step) for step in path.replace("[]", "").split(".")]
    if any(steps) or re.search(r"(?i)instanceprofile(name|arn)$", path):
        return "profile"
    return "role"


def write_role_paths(facts, rows, models, prefixes, csvs, stamp):
    wanted = {}
    for service, data in facts.items():
        for name, action in data["a"].items():
            if "iam:PassRole" in action.get("d", []):
                wanted[service, name.lower()] = True
    for (service, event), (_, _, passes) in rows.items():
        if passes:
            wanted[service, event] = True
    found = defaultdict(set)
    for service, event, path in csvs:
        found[service, event.lower()].add(path)
        wanted[service, event.lower()] = True
    operations = 0
    for client, model in models.models.items():
        for name, operation in model["operations"].items():
            key = prefixes[client], name.lower()
            if not key[0] or "input" not in operation:
                continue
            paths = set(role_members(model["shapes"], operation["input"]["shape"]))
            if key not in wanted and not READS.match(name) and key[0] not in ROLE_IS_NOT_PASSED:
                paths = {path for path in paths if ROLE_ARN.search(path)}
                if paths:
                    wanted[key] = False
            if key in wanted:
                operations += bool(paths)
                found[key] |= paths
    lines = [header(stamp + [
        f"Paths: request members of botocore {models.version} (Apache-2.0) whose name says role or instance profile, in",
        "operations that the reference or the action map says need iam:PassRole, and the SageMaker and AI path tables.",
        "service prefix, event name in lower case, path in requestParameters ([] each element, {} each value; empty: none",
        "is known, the passed role is unknown), role or profile (name or ARN, the value tells), inferred when only the",
        "path says that a role is passed",
    ])]
    bare = []
    for key in sorted(wanted):
        if not found.get(key):
            bare.append(":".join(key))
            lines.append(f"{key[0]}\t{key[1]}\n")
        for path in sorted(found.get(key, ())):
            fields = [*key, path, value_kind(path), "" if wanted[key] else "inferred"]
            lines.append("\t".join(fields).rstrip("\t") + "\n")
    (OUT / "role_paths.tsv").write_text("".join(lines))
    return len(wanted), bare


def read_csvs(facts_dir):
    """The rows of both path tables: service prefix, event, kind, path."""
    rows = []
    with open(facts_dir / "sagemaker_param_paths.csv", newline="") as file:
        for row in csv.DictReader(file):
            rows.append(("sagemaker", row["eventName"], row["kind"], row["requestParameters_path"]))
    with open(facts_dir / "ai_param_paths.csv", newline="") as file:
        for row in csv.DictReader(file):
            service = row["eventSource"].removesuffix(".amazonaws.com")
            rows.append((service, row["eventName"], row["kind"], row["requestParameters_path"]))
    return rows


def use_of(kind, path):
    """What the path itself says about how the thing is used."""
    last = path.split(".")[-1].lower()
    if kind == "kms_key" and "volume" in last:
        return "volume"
    if kind == "s3_out" and "checkpointConfig" in path:
        return "checkpoint"
    if kind == "s3_in" and "manifest" in last:
        return "manifest"
    if kind in ("s3_in", "s3_out") and last in ("bucket", "s3bucket"):
        return "bucket"
    return ""


def write_definition_paths(csvs, stamp):
    lines = [header(stamp + [
        "Request members of the same models (Apache-2.0) that name what a job, model or other definition reads, writes or runs.",
        "service prefix, event name in lower case, path in requestParameters ([] each element), kind, use: volume (a key",
        "for a disk) · checkpoint (written and read again) · manifest (a list that names other objects) · bucket (a",
        "bucket's bare name)",
    ])]
    wanted = {(service, event.lower(), path, kind) for service, event, kind, path in csvs if kind != "passed_role"}
    for service, event, path, kind in sorted(wanted):
        lines.append("\t".join([service, event, path, kind, use_of(kind, path)]).rstrip("\t") + "\n")
    (OUT / "definition_paths.tsv").write_text("".join(lines))
    return len(wanted)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--facts", type=Path, required=True)
    arguments.add_argument("--botocore", type=Path, required=True)
    arguments.add_argument("--date", required=True, help="day of the facts, YYYY-MM-DD")
    arguments.add_argument("--verbose", action="store_true", help="name what was dropped")
    options = arguments.parse_args()
    OUT.mkdir(exist_ok=True)
    facts = json.loads((options.facts / "iam_facts.json").read_text())
    overlay = json.loads((options.facts / "overlay_candidates.json").read_text())
    renames = json.loads((options.facts / "service-configuration.json").read_text())["RenameServicesOperationActionMap"]
    models = Models(options.botocore)
    prefixes = {client: prefix_of(client, model, facts, renames) for client, model in models.models.items()}
    stamp = [
        "Generated by data/build_tables.py; do not edit.",
        "Facts (names only) of the AWS Service Authorization Reference and of the AWS API; see data/README.md.",
        f"date: {options.date}",
    ]
    rows, dropped, _ = action_map(facts, overlay, models, prefixes)
    operations = operations_by_prefix(models, prefixes)
    size = write_reference(facts, operations, rows, stamp, models)
    write_action_map(rows, stamp)
    write_event_sources(facts, overlay, models, prefixes, stamp)
    csvs = read_csvs(options.facts)
    passed = [(service, event, path) for service, event, kind, path in csvs if kind == "passed_role"]
    total, bare = write_role_paths(facts, rows, models, prefixes, passed, stamp)
    print(f"definition paths {write_definition_paths(csvs, stamp)}")
    print(f"reference {size} bytes, {(OUT / 'reference.tsv.zlib').stat().st_size} compressed")
    print(f"action map {len(rows)} rows; dropped {len(dropped)}")
    print(f"operations that pass a role {total}, without a path {len(bare)}")
    if options.verbose:
        print("\n".join(["dropped:", *dropped, "without a path:", *bare]))
    print(f"clients without a prefix: {[c for c, p in prefixes.items() if not p]}")


if __name__ == "__main__":
    main()
