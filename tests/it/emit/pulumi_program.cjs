// Runs a compiled Pulumi program with mocks, and prints its resources as JSON. The policy builder is played
// here, as in pulumi_program.py.
const pulumi = require("@pulumi/pulumi");
const resources = [];
const listed = (values) => (values.length === 1 ? values[0] : values);
const LISTS = { actions: "Action", notActions: "NotAction", resources: "Resource", notResources: "NotResource" };

function render(args) {
  const statements = args.statements.map((block) => {
    const statement = { Effect: block.effect };
    if (block.sid) statement.Sid = block.sid;
    for (const [name, key] of Object.entries(LISTS)) {
      if (block[name]) statement[key] = listed(block[name]);
    }
    for (const { test, variable, values } of block.conditions ?? []) {
      statement.Condition ??= {};
      statement.Condition[test] ??= {};
      statement.Condition[test][variable] = listed(values);
    }
    return statement;
  });
  const document = { Version: args.version, Statement: statements };
  if (args.policyId) document.Id = args.policyId;
  return JSON.stringify(document).replaceAll("&{", "${");
}

pulumi.runtime.setMocks({
  newResource(args) {
    resources.push({ type: args.type, name: args.name, inputs: args.inputs });
    return { id: `${args.name}-id`, state: { ...args.inputs, arn: `arn:mock:${args.name}` } };
  },
  call(args) {
    if (args.token !== "aws:iam/getPolicyDocument:getPolicyDocument") throw new Error(args.token);
    return { json: render(args.inputs) };
  },
});

require(process.argv[2]);
process.on("beforeExit", () => {
  process.stdout.write(JSON.stringify(resources));
  process.exit(0);
});
