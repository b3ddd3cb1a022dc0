"""Runs a Pulumi program with mocks, and prints its resources as JSON. The policy builder is played here."""

import json
import runpy
import sys

import pulumi

RESOURCES = []


def listed(value):
    return value[0] if len(value) == 1 else value


def render(args):
    """What the data source `aws_iam_policy_document` makes of its arguments."""
    statements = []
    for block in args["statements"]:
        statement = {"Effect": block["effect"]}
        if block.get("sid"):
            statement["Sid"] = block["sid"]
        for name, key in [
            ("actions", "Action"),
            ("notActions", "NotAction"),
            ("resources", "Resource"),
            ("notResources", "NotResource"),
        ]:
            if block.get(name):
                statement[key] = listed(block[name])
        for condition in block.get("conditions") or []:
            keys = statement.setdefault("Condition", {}).setdefault(condition["test"], {})
            keys[condition["variable"]] = listed(condition["values"])
        statements.append(statement)
    document = {"Version": args["version"], "Statement": statements}
    if args.get("policyId"):
        document["Id"] = args["policyId"]
    return json.dumps(document).replace("&{", "${")


class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        RESOURCES.append({"type": args.typ, "name": args.name, "inputs": args.inputs})
        return [f"{args.name}-id", {**args.inputs, "arn": f"arn:mock:{args.name}"}]

    def call(self, args):
        assert args.token == "aws:iam/getPolicyDocument:getPolicyDocument", args.token
        return {"json": render(args.args)}


pulumi.runtime.set_mocks(Mocks())


@pulumi.runtime.test
def run():
    runpy.run_path(sys.argv[1])


run()
print(json.dumps(RESOURCES))
