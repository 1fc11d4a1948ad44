// Reads the AsyncAPI document on standard input, and writes what the parser found as JSON: {"channels", "operations", "messages", "wrong"}.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const { Parser, DiagnosticSeverity } = createRequire(`${process.cwd()}/`)("@asyncapi/parser");
const { document, diagnostics } = await new Parser().parse(readFileSync(0, "utf-8"));
const wrong = diagnostics
  .filter((one) => one.severity === DiagnosticSeverity.Error)
  .map((one) => `${one.path.join(".")}: ${one.message}`);
const count = (all) => (document ? all(document).all().length : 0);
process.stdout.write(
  JSON.stringify({
    channels: count((d) => d.channels()),
    operations: count((d) => d.operations()),
    messages: count((d) => d.components().messages()),
    wrong,
  }),
);
