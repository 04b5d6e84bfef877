import { render } from "preact";
import { App } from "./app";
import { readBlock } from "./data/blocks";
import type { Head } from "./data/report";
import { loadRows } from "./data/rows";
import "uplot/dist/uPlot.min.css";
import "./style/page.css";
import "./style/parts.css";
import "./style/table.css";
import "./style/print.css";

async function start(): Promise<void> {
  const root = document.getElementById("page")!;
  try {
    const head = await readBlock<Head>("head");
    const rows = await loadRows(head.detail_block, head.voices);
    root.replaceChildren();
    render(<App head={head} rows={rows} />, root);
    requestAnimationFrame(() => setTimeout(() => performance.mark("voicemill:open")));
  } catch (error) {
    root.replaceChildren(`This report cannot be shown: ${error instanceof Error ? error.message : String(error)}`);
  }
}

void start();
