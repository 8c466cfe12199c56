import { type FormEvent, useCallback, useEffect, useState } from "react";
import { type Problem, problemOf } from "../api/problem";
import type { Breakdown, SharedReport } from "../api/types";
import { Button } from "../design/Button";
import { Failure, Skeleton } from "../design/Failure";
import { Field } from "../design/Field";
import { Frame } from "../door/frame";
import { Chart } from "../features/analytics/Chart";
import { t } from "../i18n";
import { valueName } from "../lib/click-names";
import type { Filter } from "../lib/clicks-search";
import { date, number, percent } from "../lib/format";
import { myZone } from "../lib/preferences";
import { PRESETS, type Preset } from "../lib/time";
import { useTitle } from "../lib/title";
import { askReport } from "./report";

/** How often a page that is left on a wall looks again, in milliseconds. */
const EVERY = 60_000;

const PERIOD = "period";

function presetOf(search: string): Preset {
  const named = new URLSearchParams(search).get(PERIOD);
  return PRESETS.find((preset) => preset === named) ?? "30d";
}

/** Statistics for whoever has the address: they choose the period, and nothing else. */
export default function SharedPage({ token }: { token: string }) {
  const [preset, setPreset] = useState<Preset>(() => presetOf(location.search));
  const [password, setPassword] = useState("");
  const [report, setReport] = useState<SharedReport>();
  const [problem, setProblem] = useState<Problem>();
  const zone = myZone();
  const ask = useCallback(
    async (signal: AbortSignal) => {
      try {
        const found = await askReport(token, password, preset, zone);
        if (signal.aborted) return;
        setReport(found);
        setProblem(undefined);
      } catch (error) {
        if (!signal.aborted) setProblem(problemOf(error));
      }
    },
    [token, password, preset, zone],
  );
  useEffect(() => {
    const stop = new AbortController();
    void ask(stop.signal);
    const timer = window.setInterval(() => {
      if (document.visibilityState === "visible") void ask(stop.signal);
    }, EVERY);
    return () => {
      stop.abort();
      window.clearInterval(timer);
    };
  }, [ask]);
  const choose = (next: Preset) => {
    history.replaceState(history.state, "", `${location.pathname}?${new URLSearchParams({ [PERIOD]: next })}`);
    setPreset(next);
  };
  const retry = () => void ask(new AbortController().signal);

  if (problem?.status === 401) return <PasswordForm problem={problem} onPassword={setPassword} />;
  if (problem?.status === 404 || problem?.status === 410) return <Over problem={problem} />;
  if (!report) {
    return (
      <Frame title={t("shares.page")}>
        {problem ? <Failure error={problem} onRetry={retry} /> : <Skeleton count={4} height={64} />}
      </Frame>
    );
  }
  return (
    <main className="main shared stack">
      <Heading report={report} preset={preset} onPreset={choose} zone={zone} />
      {problem && <Failure error={problem} onRetry={retry} />}
      <dl className="figures">
        <div>
          <dt className="small muted">{t("analytics.clicks")}</dt>
          <dd className="figure">{number(report.summary.clicks)}</dd>
        </div>
        <div>
          <dt className="small muted">{t("analytics.visitors")}</dt>
          <dd className="figure">{number(report.summary.visitors)}</dd>
        </div>
      </dl>
      <section className="sheet pad stack-s" aria-label={t("analytics.overTime")}>
        <h2>{t("analytics.overTime")}</h2>
        <Chart series={report.timeseries} zone={zone} height={240} />
      </section>
      <div className="panels">
        {report.breakdowns.map((breakdown) => (
          <Values key={breakdown.dimension} breakdown={breakdown} total={report.summary.clicks} />
        ))}
      </div>
      {report.expires_at && <p className="small muted">{t("shares.ends", { when: date(report.expires_at) })}</p>}
    </main>
  );
}

interface HeadingProperties {
  report: SharedReport;
  preset: Preset;
  onPreset: (preset: Preset) => void;
  zone: string;
}

function Heading({ report, preset, onPreset, zone }: HeadingProperties) {
  useTitle(report.name);
  const { from, to } = report.timeseries;
  return (
    <div className="page-head">
      <div className="stack-s">
        <h1>{report.name}</h1>
        <span className="small muted">
          {date(from, zone)} – {date(Date.parse(to) - 1, zone)} · {zone}
        </span>
      </div>
      <select
        className="input pick"
        aria-label={t("analytics.period")}
        value={preset}
        onChange={(event) => onPreset(event.target.value as Preset)}
      >
        {PRESETS.map((name) => (
          <option key={name} value={name}>
            {t(`period.${name}`)}
          </option>
        ))}
      </select>
    </div>
  );
}

/** The values with the most clicks; rows and the rest are all there is. */
function Values({ breakdown, total }: { breakdown: Breakdown; total: number }) {
  const name = breakdown.dimension as Filter | "slug";
  const title = t(`dimension.${name}`);
  const { data: rows, other } = breakdown;
  return (
    <section className="sheet pad panel" aria-label={title}>
      <h2>{title}</h2>
      {rows.length === 0 && <p className="muted">{t("analytics.nothing")}</p>}
      <table className="table">
        <tbody>
          {rows.map((row) => (
            <tr key={row.value ?? ""}>
              <th scope="row" className="cut">
                {name === "slug" ? (row.value ?? t("analytics.unknown")) : valueName(name, row.value ?? null)}
              </th>
              <td className="number">{number(row.clicks)}</td>
              <td className="number">{percent(total === 0 ? 0 : row.clicks / total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {other.clicks > 0 && (
        <p className="small muted">{t("analytics.others", { count: other.values, clicks: number(other.clicks) })}</p>
      )}
    </section>
  );
}

function PasswordForm({ problem, onPassword }: { problem: Problem; onPassword: (password: string) => void }) {
  const [text, setText] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onPassword(text);
  };
  return (
    <Frame title={t("shares.page")}>
      <form className="stack" onSubmit={submit}>
        <p>{t("shares.asks")}</p>
        <Field
          label={t("auth.password")}
          type="password"
          autoComplete="off"
          value={text}
          onValue={setText}
          error={problem.code === "wrong_password" ? t("shares.wrongPassword") : undefined}
          required
          autoFocus
        />
        <Button look="main" type="submit">
          {t("shares.open")}
        </Button>
      </form>
    </Frame>
  );
}

function Over({ problem }: { problem: Problem }) {
  return (
    <Frame title={t("shares.page")}>
      <p>{problem.status === 410 ? t("shares.over") : t("shares.unknown")}</p>
    </Frame>
  );
}
