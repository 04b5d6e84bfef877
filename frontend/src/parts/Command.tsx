import { useState } from "preact/hooks";
import { visible } from "../data/format";

/** A command with a button that copies it; where the browser forbids that, the button selects it. */
export function Command({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  async function copy(event: MouseEvent) {
    const code = (event.currentTarget as HTMLElement).previousElementSibling!;
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    } catch {
      getSelection()?.selectAllChildren(code);
    }
  }
  return (
    <div class="command">
      <code tabIndex={0}>{visible(text)}</code>
      <button class="secondary" onClick={copy} aria-label={`Copy the command ${text}`}>{copied ? "Copied" : "Copy"}</button>
    </div>
  );
}
