"""Loads a snapshot's account into an IAM emulator, and prints what the emulator holds.

    account.py load URL SNAPSHOT.json OUT.json   creates the principals of SNAPSHOT; OUT is the snapshot with
                                                 documents as IAM itself returns them: URL-encoded text
    account.py dump URL                          principals, their policies, and the texts, as JSON
"""

import json
import sys
from urllib.parse import quote, unquote

import boto3
from botocore.handlers import json_decode_policies


def client(url):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    # The SDK decodes documents into objects; IAM returns text.
    session._session.get_component("event_emitter").unregister("after-call.iam", json_decode_policies)
    return session.client("iam", endpoint_url=url)


def text(document):
    """A document as somebody may have stored it: blanks that no JSON writer makes, a newline at the end."""
    return json.dumps(document, indent=3, ensure_ascii=False).replace('": "', '" :\t"', 1) + "\n"


def create_policy(iam, policy):
    arn = policy["Arn"]
    wanted = {version["VersionId"]: version for version in policy["PolicyVersionList"]}
    last = max(int(name[1:]) for name in wanted)
    default = policy["DefaultVersionId"]
    for number in range(1, last + 1):
        version = wanted.get(f"v{number}", wanted[default])
        if number == 1:
            iam.create_policy(
                PolicyName=policy["PolicyName"], Path=policy["Path"], PolicyDocument=text(version["Document"])
            )
        else:
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=text(version["Document"]), SetAsDefault=False)
    iam.set_default_policy_version(PolicyArn=arn, VersionId=default)
    for number in range(1, last + 1):
        if f"v{number}" not in wanted:
            iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{number}")
    for version in wanted.values():
        version["Document"] = quote(text(version["Document"]))


def load(url, source, out):
    iam = client(url)
    snapshot = json.load(open(source, encoding="utf-8"))
    emulated = iam.get_account_authorization_details(Filter=["AWSManagedPolicy"], MaxItems=1000)["Policies"]
    emulated = {policy["Arn"]: policy for policy in emulated}
    for policy in snapshot["Policies"]:
        if policy["Arn"].startswith("arn:aws:iam::aws:"):
            versions = emulated[policy["Arn"]]
            policy["DefaultVersionId"] = versions["DefaultVersionId"]
            policy["PolicyVersionList"][0]["VersionId"] = versions["DefaultVersionId"]
        else:
            create_policy(iam, policy)
    for role in snapshot["RoleDetailList"]:
        iam.create_role(
            RoleName=role["RoleName"],
            Path=role["Path"],
            AssumeRolePolicyDocument=json.dumps(role["AssumeRolePolicyDocument"]),
        )
        for policy in role["RolePolicyList"]:
            stored = text(policy["PolicyDocument"])
            iam.put_role_policy(
                RoleName=role["RoleName"], PolicyName=policy["PolicyName"], PolicyDocument=stored
            )
            policy["PolicyDocument"] = quote(stored)
        for policy in role["AttachedManagedPolicies"]:
            iam.attach_role_policy(RoleName=role["RoleName"], PolicyArn=policy["PolicyArn"])
    json.dump(snapshot, open(out, "w", encoding="utf-8"))


def fill(url, arn):
    """Makes a policy's list of versions full: five, the first one stays the default."""
    iam = client(url)
    for number in range(2, 6):
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": f"a:{number}", "Resource": "*"}]}
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=False)


def dump(url):
    iam = client(url)
    roles = {}
    for role in iam.list_roles(MaxItems=1000)["Roles"]:
        name = role["RoleName"]
        inline = {}
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            inline[policy] = unquote(document)
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        roles[name] = {"inline": inline, "attached": sorted(policy["PolicyArn"] for policy in attached)}
    policies = {}
    for policy in iam.list_policies(Scope="Local", MaxItems=1000)["Policies"]:
        versions = {}
        for version in iam.list_policy_versions(PolicyArn=policy["Arn"])["Versions"]:
            found = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=version["VersionId"])
            versions[version["VersionId"]] = unquote(found["PolicyVersion"]["Document"])
        policies[policy["Arn"]] = {"default": policy["DefaultVersionId"], "versions": versions}
    print(json.dumps({"roles": roles, "policies": policies}))


if __name__ == "__main__":
    {"load": load, "fill": fill, "dump": dump}[sys.argv[1]](*sys.argv[2:])
