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
import { date, dateTime, number, percent } from "../lib/format";
import { myZone } from "../lib/preferences";
import { pause, whileSeen } from "../lib/seen";
import { PRESETS, type Preset } from "../lib/time";
import { useTitle } from "../lib/title";
import { askReport } from "./report";

/** How often a page that is left on a wall looks again, in milliseconds. */
const EVERY = 60_000;
/** The same with a password: each look is a try, and the tries of one network are counted, right or wrong. */
const EVERY_WITH_PASSWORD = 10 * 60_000;

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
  const [seenAt, setSeenAt] = useState(0);
  /** Looks once. Whether it makes sense to look again without being asked to. */
  const ask = useCallback(
    async (signal: AbortSignal): Promise<boolean> => {
      try {
        const found = await askReport(token, password, preset, zone);
        // Nobody looks any more, and whoever comes back has the page look again.
        if (signal.aborted) return true;
        setReport(found);
        setSeenAt(Date.now());
        setProblem(undefined);
      } catch (error) {
        const found = problemOf(error);
        if (!signal.aborted) setProblem(found);
        // A password that is wrong stays so, and a page that is gone is gone.
        return ![401, 404, 410].includes(found.status);
      }
      return true;
    },
    [token, password, preset, zone],
  );
  useEffect(() => {
    const every = password ? EVERY_WITH_PASSWORD : EVERY;
    let next = 0;
    let goesOn = true;
    return whileSeen(async (signal) => {
      while (goesOn && !signal.aborted) {
        await pause(Math.max(0, next - Date.now()), signal);
        if (signal.aborted) return;
        next = Date.now() + every;
        goesOn = await ask(signal);
      }
    });
  }, [ask, password]);
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
      <p className="row small muted" role="status">
        {t("shares.asOf", { when: dateTime(seenAt) })}
        <Button look="plain" onClick={retry}>
          {t("shares.again")}
        </Button>
      </p>
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
