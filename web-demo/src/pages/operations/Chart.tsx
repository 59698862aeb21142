import "uplot/dist/uPlot.min.css";

import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { useValue } from "../../api/value-store";
import { theme } from "../../app/theme";

interface Props {
  label: string;
  starts: readonly number[];
  values: readonly number[];
  kind: "bars" | "line";
  /** The name of the token that it is drawn in. */
  tone: string;
}

const heightPx = 190;
const barWidth = 0.7;

function token(name: string, at: Element): string {
  // light-dark() is resolved by computing a color property, not the variable itself.
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  at.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function options({ kind, tone }: Props, holder: Element, width: number): uPlot.Options {
  const [stroke, soft, grid, text] = [tone, `${tone}-soft`, "--line", "--muted"].map((name) => token(name, holder));
  const axis = { stroke: text ?? "", grid: { stroke: grid ?? "", width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const bars = uPlot.paths.bars?.({ size: [barWidth], radius: 0.2 });
  const series: uPlot.Series = { stroke: stroke ?? "", fill: (kind === "bars" ? stroke : soft) ?? "", width: kind === "bars" ? 0 : 2, points: { show: false } };
  return {
    width,
    height: heightPx,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [
      { ...axis, grid: { show: false }, values: (_plot, splits) => splits.map((at) => new Date(at * 1000).toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })) },
      { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] },
    ],
    series: [{}, kind === "bars" && bars ? { ...series, paths: bars } : series],
  };
}

/** A series over time, drawn on a canvas; its label says in words what it shows. */
export default function Chart(props: Props) {
  const { label, starts, values } = props;
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const shown = useValue(theme);
  useEffect(() => {
    const { current } = holder;
    if (!current) return;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(options(props, current, current.clientWidth), [[...starts], [...values]], current);
    };
    draw();
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: current.clientWidth, height: heightPx }));
    resized.observe(current);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    return () => {
      resized.disconnect();
      scheme.removeEventListener("change", draw);
      plot.current?.destroy();
      plot.current = null;
    };
    // New values are set below; only new colors need a new drawing.
  }, [shown]);
  useEffect(() => {
    plot.current?.setData([[...starts], [...values]]);
  }, [starts, values]);
  return <div ref={holder} className="chart" role="img" aria-label={label} />;
}
