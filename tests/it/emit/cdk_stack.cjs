// Synthesizes the stack of a compiled CDK program, and prints its template as JSON.
const cdk = require("aws-cdk-lib");
const { TrimmedPolicies } = require(process.argv[2]);
const app = new cdk.App();
new TrimmedPolicies(app, "T");
process.stdout.write(JSON.stringify(app.synth().getStackByName("T").template));
