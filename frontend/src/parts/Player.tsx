import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import WaveSurfer from "wavesurfer.js";
import type { Detail, Word } from "../data/rows";
import { visible } from "../data/format";
import { spokenText } from "../data/spokenText";
import { Subtitles } from "./Subtitles";

export function Player({ detail, text }: { detail: Detail; text: string }) {
  const audio = useRef<HTMLAudioElement>(null);
  const [isMissing, setMissing] = useState(false);
  const seek = (seconds: number) => {
    audio.current!.currentTime = seconds;
    void audio.current!.play().catch(() => undefined);
  };
  return (
    <div class="player">
      {detail.outline && !isMissing && <Waveform audio={audio} outline={detail.outline} />}
      <audio ref={audio} controls preload="metadata" src={addressOf(detail.audio!)} onError={() => setMissing(true)} aria-label="Recording" />
      {isMissing && <p class="message">The browser cannot play {detail.audio!.startsWith("data:") ? "the recording" : visible(detail.audio!)}: the file is not there, or its format is not supported.</p>}
      {detail.words.length > 0 && <Words audio={audio} words={detail.words} text={text} seek={seek} />}
      {detail.words.length > 0 && <Subtitles words={detail.words} seek={seek} />}
    </div>
  );
}

/** The address of a recording; characters of its path such as # and % have a meaning in addresses. */
const addressOf = (path: string): string => (path.startsWith("data:") ? path : path.split("/").map(encodeURIComponent).join("/"));

type AudioRef = { current: HTMLAudioElement | null };

function Waveform({ audio, outline }: { audio: AudioRef; outline: number[] }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const style = getComputedStyle(document.documentElement);
    const wave = WaveSurfer.create({
      container: place.current!,
      media: audio.current!,
      peaks: [outline],
      height: 72,
      normalize: true,
      barWidth: 2,
      barGap: 1,
      barRadius: 2,
      cursorWidth: 2,
      waveColor: style.getPropertyValue("--wave"),
      progressColor: style.getPropertyValue("--accent"),
      cursorColor: style.getPropertyValue("--ink"),
      cspNonce: "player",
    });
    return () => {
      const source = audio.current?.src;
      wave.destroy();
      if (audio.current && source) audio.current.pause();
    };
  }, []);
  return <div class="waveform" ref={place} aria-hidden="true" />;
}

interface WordsProps {
  audio: AudioRef;
  words: Word[];
  text: string;
  seek: (seconds: number) => void;
}

/** The words, with the one that is spoken highlighted. A click or the arrow keys move to a word. */
function Words({ audio, words, text, seek }: WordsProps) {
  const box = useRef<HTMLDivElement>(null);
  const current = useRef(-1);
  useEffect(() => {
    let frame = 0;
    const follow = () => {
      mark(placeAt(words, audio.current?.currentTime ?? 0));
      frame = audio.current && !audio.current.paused ? requestAnimationFrame(follow) : 0;
    };
    const start = () => {
      cancelAnimationFrame(frame);
      follow();
    };
    const element = audio.current!;
    for (const name of ["play", "seeked", "pause"]) element.addEventListener(name, start);
    return () => {
      cancelAnimationFrame(frame);
      for (const name of ["play", "seeked", "pause"]) element.removeEventListener(name, start);
    };
  }, [words]);
  const mark = (place: number) => {
    if (place === current.current) return;
    const spans = box.current?.children;
    spans?.[current.current]?.removeAttribute("aria-current");
    spans?.[place]?.setAttribute("aria-current", "true");
    current.current = place;
  };
  const onClick = (event: MouseEvent) => {
    const place = Number((event.target as HTMLElement).dataset["place"] ?? -1);
    if (words[place]) seek(words[place].start);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const word = by && words[Math.max(0, Math.min(words.length - 1, current.current + by))];
    if (word) {
      event.preventDefault();
      audio.current!.currentTime = word.start;
    }
  };
  const shown = useMemo(() => spokenText(text, words), [words, text]);
  return (
    <>
      <h4>Words</h4>
      <div class="words" ref={box} role="group" tabIndex={0} aria-label="Words of the recording; arrow keys move from word to word"
        onClick={onClick} onKeyDown={onKeyDown}>
        {words.map((word, place) => <span data-place={place} title={`${word.start.toFixed(2)} s`}>{visible(shown[place]!)}</span>)}
      </div>
    </>
  );
}

/** The last word that has started, -1 before the first one. */
export function placeAt(words: Word[], seconds: number): number {
  let low = 0;
  let high = words.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (words[middle]!.start <= seconds + 0.001) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
