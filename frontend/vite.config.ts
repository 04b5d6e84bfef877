import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

const ROOT = import.meta.dirname;
const OUTPUT = join(ROOT, "../voicemill/html_report/page.html");
/** Inputs of the build. A test compares their digest with the one in the built page, without running the build. */
const SOURCES = ["index.html", "package-lock.json", "src", "vite.config.ts"];

function files(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => files(join(path, entry.name)));
  } catch {
    return [path];
  }
}

function sourceDigest(): string {
  const hash = createHash("sha256");
  const paths = SOURCES.flatMap((name) => files(join(ROOT, name))).map((path) => relative(ROOT, path));
  for (const path of paths.sort()) hash.update(path + "\0").update(readFileSync(join(ROOT, path))).update("\0");
  return hash.digest("hex");
}

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Allow exactly the script and the style of the page; the player puts its style under the nonce. */
function policy(html: string): string {
  const scripts = [...html.matchAll(/<script type="module"[^>]*>([\s\S]*?)<\/script>/g)].map((found) => hashOf(found[1]!));
  const styles = [...html.matchAll(/<style rel="stylesheet">([\s\S]*?)<\/style>/g)].map((found) => hashOf(found[1]!));
  return [
    "default-src 'none'",
    `script-src ${scripts.join(" ")}`,
    `style-src ${styles.join(" ")} 'nonce-player'`,
    "media-src 'self' file: data:",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** Write the page, with its policy, the place for data before the script, and the digest of the sources. */
function page(): Plugin {
  return {
    name: "voicemill-page",
    enforce: "post",
    writeBundle(options) {
      const built = readFileSync(join(options.dir!, "index.html"), "utf8").replace(/ crossorigin/g, "");
      const found = built.match(/<script type="module">[\s\S]*?<\/script>/)![0];
      const html = built
        .replace(found, () => "")
        .replace("<!--script-->", () => `<!--voicemill-data-->${found}`)
        .replace("<!--policy-->", () => `<meta http-equiv="Content-Security-Policy" content="${policy(built)}">`)
        .replace("<!--sources-->", () => `<meta name="sources" content="${sourceDigest()}">`);
      writeFileSync(process.env["PAGE_OUTPUT"] ?? OUTPUT, html);
    },
  };
}

export default defineConfig({
  plugins: [viteSingleFile(), page()],
  build: { target: "es2022", assetsInlineLimit: 1e9, outDir: "build", modulePreload: false },
});
