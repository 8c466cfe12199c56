const WIDTH = 60;
const HEIGHT = 18;

/** Clicks by day as a line, for the eye alone: the number is beside it. */
export function Sparkline({ clicks }: { clicks: number[] }) {
  const highest = Math.max(...clicks);
  if (highest === 0) return <span className="sparkline" aria-hidden="true" />;
  const x = (day: number) => ((day / (clicks.length - 1)) * WIDTH).toFixed(1);
  const y = (count: number) => (HEIGHT - 1.5 - (count / highest) * (HEIGHT - 3)).toFixed(1);
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <polyline points={clicks.map((count, day) => `${x(day)},${y(count)}`).join(" ")} />
    </svg>
  );
}
