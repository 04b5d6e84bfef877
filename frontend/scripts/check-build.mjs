// Build the page again and compare it with the committed one, byte for byte.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "voicemill-page-"));
const output = join(folder, "page.html");
execFileSync("npx", ["vite", "build", "--logLevel", "warn"], { env: { ...process.env, PAGE_OUTPUT: output }, stdio: "inherit" });
const isSame = readFileSync(output).equals(readFileSync(new URL("../../voicemill/html_report/page.html", import.meta.url)));
rmSync(folder, { recursive: true });
if (!isSame) {
  console.error("voicemill/html_report/page.html differs from a new build: run `make page` and commit it.");
  process.exit(1);
}
console.log("The committed page equals a new build.");
