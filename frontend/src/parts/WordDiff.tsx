import { useMemo } from "preact/hooks";
import { visible } from "../data/format";
import { wordDiff } from "../data/wordDiff";

export function WordDiff({ reference, transcript }: { reference: string; transcript: string }) {
  const parts = useMemo(() => wordDiff(reference, transcript), [reference, transcript]);
  if (!parts) {
    return <><h4>Reference</h4><p class="text"><bdi>{visible(reference)}</bdi></p></>;
  }
  return (
    <>
      <h4>Transcript against the reference</h4>
      <p class="text diff">
        {parts.map(({ kind, text }) => {
          if (kind === "missing") return <><del>{visible(text)}</del>{" "}</>;
          if (kind === "extra") return <><ins>{visible(text)}</ins>{" "}</>;
          return `${visible(text)} `;
        })}
      </p>
      <p class="muted"><del>missing</del> is only in the reference, <ins>added</ins> only in the transcript.</p>
    </>
  );
}
