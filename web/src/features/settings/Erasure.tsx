import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { api, body } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Failure } from "../../design/Failure";
import { Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { myZone } from "../../lib/preferences";
import { useSubmit } from "../../lib/submit";
import { instantOf } from "../../lib/time";
import { say } from "../../lib/toasts";
import { useWorkspace } from "../../lib/workspace";

const NOTHING = { link: "", visitor: "", from: "", to: "" };
type Which = typeof NOTHING;

/** Clicks of a link, of a visitor's day or of a time, erased for good. */
export function Erasure() {
  const workspace_id = useWorkspace().id;
  const zone = myZone();
  const [which, setWhich] = useState(NOTHING);
  const [draft, setDraft] = useState<ReturnType<typeof draftOf>>();
  const [missing, setMissing] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const latest = useRef(which);
  latest.current = which;
  const set = (change: Partial<Which>) => {
    setWhich({ ...which, ...change });
    setProblem(undefined);
    setMissing(false);
  };
  const begin = async (event: FormEvent) => {
    event.preventDefault();
    try {
      const link = which.link ? await idOf(workspace_id, which.link) : undefined;
      // Whoever has written on meanwhile means something else by now.
      if (latest.current === which) setDraft(draftOf(which, zone, link));
    } catch (error) {
      const found = problemOf(error);
      if (found.status === 404 || found.status === 400) setMissing(true);
      else setProblem(found);
    }
  };
  const errors = problem?.fields ?? new Map<string, string>();
  return (
    <>
      <form className="sheet pad stack narrow" onSubmit={(event) => void begin(event)} aria-label={t("erasure.title")}>
        <h2>{t("erasure.title")}</h2>
        <p className="small muted">{t("erasure.about")}</p>
        {problem && errors.size === 0 && <Failure error={problem} />}
        <div className="two">
          <Field
            label={t("erasure.link")}
            value={which.link}
            onValue={(link) => set({ link })}
            error={missing ? t("erasure.noLink") : errors.get("/link_id")}
            hint={t("erasure.linkHint")}
            mono
          />
          <Field
            label={t("erasure.visitor")}
            value={which.visitor}
            onValue={(visitor) => set({ visitor: visitor.trim() })}
            error={errors.get("/visitor")}
            hint={t("erasure.visitorHint")}
            mono
          />
          <Field
            label={t("erasure.from")}
            type="datetime-local"
            value={which.from}
            onValue={(from) => set({ from })}
            error={errors.get("/from")}
            hint={zone}
          />
          <Field
            label={t("erasure.until")}
            type="datetime-local"
            value={which.to}
            onValue={(to) => set({ to })}
            error={errors.get("/to")}
            hint={zone}
          />
        </div>
        <div className="row">
          <Button look="bad" type="submit" disabled={Object.values(which).every((text) => text === "")}>
            {t("erasure.begin")}
          </Button>
        </div>
      </form>
      {draft && (
        <Confirmation
          draft={draft}
          onClose={() => setDraft(undefined)}
          onDone={() => setWhich(NOTHING)}
          onProblem={setProblem}
        />
      )}
    </>
  );
}

const draftOf = (which: Which, zone: string, link_id: string | undefined) => ({
  ...(link_id ? { link_id } : {}),
  ...(which.visitor ? { visitor: which.visitor } : {}),
  ...(which.from ? { from: instantOf(which.from, zone) } : {}),
  ...(which.to ? { to: instantOf(which.to, zone) } : {}),
});

/** The id of the link with this short address. */
async function idOf(workspace_id: string, address: string): Promise<string> {
  const text = address.trim();
  const whole = /^https?:\/\//.test(text) ? text : `https://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  const query = { domain: url?.hostname ?? "", slug: url?.pathname.slice(1) ?? "" };
  const params = { path: { workspace_id }, query };
  return (await body(api.GET("/v1/workspaces/{workspace_id}/links/lookup", { params }))).id;
}

interface ConfirmationProperties {
  draft: ReturnType<typeof draftOf>;
  onClose: () => void;
  onDone: () => void;
  /** What is wrong with a field is told there. */
  onProblem: (problem: Problem) => void;
}

function Confirmation({ draft, onClose, onDone, onProblem }: ConfirmationProperties) {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const [typed, setTyped] = useState("");
  const { submit, busy } = useSubmit(async () => {
    try {
      const params = { path: { workspace_id: workspace.id } };
      const { erased } = await body(
        api.POST("/v1/workspaces/{workspace_id}/analytics/erasures", { params, body: draft }),
      );
      say(t("erasure.done", { count: erased }));
      onDone();
      await queries.invalidateQueries({ queryKey: ["clicks", workspace.id] });
    } catch (error) {
      onProblem(problemOf(error));
    }
    onClose();
  });
  return (
    <Dialog open onClose={busy ? undefined : onClose} title={t("erasure.sure")}>
      <form className="stack" onSubmit={submit}>
        <p>{t("erasure.sureText")}</p>
        <Field label={t("common.typeName", { name: workspace.name })} value={typed} onValue={setTyped} />
        <div className="row">
          <Button look="bad" type="submit" disabled={busy || typed !== workspace.name}>
            {t("erasure.erase")}
          </Button>
          <Button onClick={onClose} disabled={busy}>
            {t("common.cancel")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
