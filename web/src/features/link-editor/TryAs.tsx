import { FlaskConical } from "lucide-react";
import { useState } from "react";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import type { LinkDraft, Resolution, Rule, VisitorDraft } from "../../api/types";
import { Button } from "../../design/Button";
import { Choice, Field } from "../../design/Field";
import { t } from "../../i18n";
import { COUNTRIES } from "../../lib/countries";
import { country } from "../../lib/format";
import { useWorkspace } from "../../lib/workspace";

/** Programs whose names stand for what visitors use. */
const PROGRAMS = {
  "Chrome, Windows":
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  "Safari, iPhone":
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
  "Chrome, Android":
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
  "Safari, iPad":
    "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
  "Firefox, Linux": "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
  "Safari, Mac":
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
  Googlebot: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
} as const;

interface Properties {
  /** The link that is saved. */
  link?: string;
  /** The link as it stands in the form, where that is not what is saved. */
  draft?: LinkDraft | undefined;
  onResolution: (resolution: Resolution | undefined) => void;
}

/** What was tried of these rules; rules that are changed afterwards were not. */
export function useTried(rules: Rule[]) {
  const [tried, setTried] = useState<{ rules: Rule[]; found: Resolution }>();
  const found = tried?.rules === rules ? tried.found : undefined;
  const everybody = found?.state === "redirects" ? rules.length : undefined;
  return {
    wins: found?.explanation.winner?.rule_index ?? everybody,
    checks: found?.explanation.rules.map((rule) => rule.matches) ?? [],
    onResolution: (resolution: Resolution | undefined) => setTried(resolution && { rules, found: resolution }),
  };
}

function resolve(
  workspace_id: string,
  link_id: string | undefined,
  draft: LinkDraft | undefined,
  visitor: VisitorDraft,
): Promise<Resolution> {
  if (link_id && !draft) {
    const params = { path: { workspace_id, link_id } };
    return body(api.POST("/v1/workspaces/{workspace_id}/links/{link_id}/resolve", { params, body: visitor }));
  }
  const link = draft ?? { destination_url: "" };
  const asked = { link, visitor, ...(link_id ? { link_id } : {}) };
  return body(api.POST("/v1/workspaces/{workspace_id}/resolve", { params: { path: { workspace_id } }, body: asked }));
}

/** What the link does with a visitor, as the server decides it: by what stands in the form, saved or not. */
export function TryAs({ link, draft, onResolution }: Properties) {
  const workspace = useWorkspace().id;
  const [visitor, setVisitor] = useState({
    country: "DE",
    program: "Chrome, Windows" as keyof typeof PROGRAMS,
    language: "",
    referrer: "",
    query: "",
  });
  const [answer, setAnswer] = useState<Resolution>();
  const [failure, setFailure] = useState<string>();
  const set = (change: Partial<typeof visitor>) => setVisitor((old) => ({ ...old, ...change }));
  const run = async () => {
    setFailure(undefined);
    const described = {
      ...(visitor.country ? { country: visitor.country } : {}),
      user_agent: PROGRAMS[visitor.program],
      ...(visitor.language ? { accept_language: visitor.language } : {}),
      ...(visitor.referrer ? { referrer: visitor.referrer } : {}),
      ...(visitor.query ? { query: visitor.query.replace(/^\?/, "") } : {}),
    };
    try {
      const found = await resolve(workspace, link, draft, described);
      setAnswer(found);
      onResolution(found);
    } catch (error) {
      const problem = problemOf(error);
      setFailure([...problem.fields.values()][0] ?? problem.message);
      setAnswer(undefined);
      onResolution(undefined);
    }
  };
  return (
    <section className="sheet pad stack" aria-labelledby="try-title">
      <h2 id="try-title">{t("try.title")}</h2>
      <div className="two">
        <Choice
          label={t("try.country")}
          value={visitor.country}
          onValue={(value) => set({ country: value })}
          options={[
            ["", t("analytics.unknown")],
            ...COUNTRIES.map((code): [string, string] => [code, country(code)]).sort((one, other) =>
              one[1].localeCompare(other[1]),
            ),
          ]}
        />
        <Choice
          label={t("try.program")}
          value={visitor.program}
          onValue={(value) => set({ program: value as keyof typeof PROGRAMS })}
          options={Object.keys(PROGRAMS).map((name) => [name, name])}
        />
        <Field
          label={t("try.language")}
          value={visitor.language}
          onValue={(language) => set({ language })}
          placeholder="de-AT"
        />
        <Field
          label={t("try.referrer")}
          value={visitor.referrer}
          onValue={(referrer) => set({ referrer })}
          placeholder="https://news.example/"
        />
        <Field
          label={t("try.query")}
          value={visitor.query}
          onValue={(query) => set({ query })}
          placeholder="utm_source=newsletter"
          mono
        />
      </div>
      <Button icon={<FlaskConical aria-hidden="true" />} onClick={() => run()}>
        {t("try.run")}
      </Button>
      <div role="status">
        {failure && (
          <p className="note" data-look="bad">
            {failure}
          </p>
        )}
        {answer && (
          <div className="stack-s">
            <p>
              {answer.explanation.winner
                ? t("try.rule", { rule: answer.explanation.winner.rule })
                : answer.state === "redirects"
                  ? t("try.everybody")
                  : t(`try.${answer.state}` as "try.expired")}
            </p>
            <code className="mono">{answer.destination_url}</code>
          </div>
        )}
      </div>
    </section>
  );
}
