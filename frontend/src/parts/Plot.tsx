import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

export interface Series {
  label: string;
  color: string;
  values: (number | null)[];
  stepped?: boolean;
  bars?: boolean;
}

interface Props {
  title: string;
  /** What the plot shows in words, for screen readers. */
  summary: string;
  x: number[];
  series: Series[];
  formatX: (value: number) => string;
  formatY?: ((value: number) => string) | undefined;
}

const HEIGHT_PX = 170;

export function Plot({ title, summary, x, series, formatX, formatY = short }: Props) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current!;
    let plot: uPlot | null = null;
    const draw = () => {
      plot?.destroy();
      plot = new uPlot(plotOptions(element.clientWidth, series, formatX, formatY), [x, ...series.map((one) => one.values)], element);
    };
    draw();
    const resizing = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    resizing.observe(element);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const paper = matchMedia("print");
    for (const media of [dark, paper]) media.addEventListener("change", draw);
    addEventListener("scheme", draw);
    return () => {
      resizing.disconnect();
      for (const media of [dark, paper]) media.removeEventListener("change", draw);
      removeEventListener("scheme", draw);
      plot?.destroy();
    };
  }, [x, series]);
  return (
    <figure class="card plot">
      <figcaption>{title}</figcaption>
      <div ref={place} role="img" aria-label={`${title}. ${summary}`} />
    </figure>
  );
}

function plotOptions(width: number, series: Series[], formatX: (value: number) => string, formatY: (value: number) => string): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const axis = { stroke: color("muted"), grid: { stroke: color("line"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  return {
    width,
    height: HEIGHT_PX,
    cursor: { y: false, points: { size: 6 } },
    legend: { show: series.length > 1 || !series[0]?.bars, live: true },
    scales: { x: { time: false }, y: { range: (_, __, high) => [0, high > 0 ? high * 1.08 : 1] } },
    axes: [
      { ...axis, size: 30, space: 55, values: (_, ticks) => ticks.map(formatX) },
      { ...axis, size: 52, space: 32, values: (_, ticks) => ticks.map(formatY) },
    ],
    series: [
      { label: "at", value: (_, value) => (value === null ? "" : formatX(value)) },
      ...series.map((one): uPlot.Series => ({
        label: one.label,
        stroke: color(one.color),
        width: one.bars ? 0 : 2,
        points: { show: false },
        spanGaps: true,
        value: (_, value) => (value === null ? "" : formatY(value)),
        ...(one.bars ? { fill: color(one.color), paths: uPlot.paths.bars!({ size: [0.86, 60], align: 1 }) } : {}),
        ...(one.stepped ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {}),
      })),
    ],
  };
}

export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${+(value / 1e6).toFixed(1)}M`;
  if (size >= 1e4) return `${+(value / 1e3).toFixed(1)}k`;
  return String(+value.toPrecision(4));
}
