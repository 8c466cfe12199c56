import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body } from "../../api/client";
import { problemOf } from "../../api/problem";
import type { FreezeWindow } from "../../api/types";
import { Button } from "../../design/Button";
import { Failure, Skeleton } from "../../design/Failure";
import { Choice, Field } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { dateTime } from "../../lib/format";
import { freezeQuery } from "../../lib/freeze";
import { myZone } from "../../lib/preferences";
import { useSubmit } from "../../lib/submit";
import { instantOf } from "../../lib/time";
import { say } from "../../lib/toasts";
import { useHome, useWorkspace } from "../../lib/workspace";

/** Times in which nobody changes links: seen by whoever edits, set and ended by administrators. */
export function FreezeWindows({ canSet }: { canSet: boolean }) {
  const workspace_id = useWorkspace().id;
  const queries = useQueryClient();
  const query = useQuery(freezeQuery(workspace_id));
  const refetch = () => queries.invalidateQueries({ queryKey: ["freeze-windows", workspace_id] });
  const windows = query.data?.data ?? [];
  return (
    <section className="sheet pad stack-s narrow" aria-label={t("freeze.title")}>
      <h2>{t("freeze.title")}</h2>
      <p className="small muted">{t("freeze.about")}</p>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton />}
      {query.data && windows.length === 0 && <p className="muted">{t("freeze.none")}</p>}
      <ul className="stack-s">
        {windows.map((window) => (
          <Window key={`${window.id} ${window.version}`} window={window} canSet={canSet} refetch={refetch} />
        ))}
      </ul>
      {canSet && <NewWindow refetch={refetch} />}
    </section>
  );
}

type State = "open" | "ahead" | "over";
const LOOKS = { open: "warn", ahead: undefined, over: undefined } as const;

function stateOf({ starts_at, ends_at }: FreezeWindow, now = Date.now()): State {
  if (now >= Date.parse(ends_at)) return "over";
  return now < Date.parse(starts_at) ? "ahead" : "open";
}

interface WindowProperties {
  window: FreezeWindow;
  canSet: boolean;
  refetch: () => Promise<void>;
}

function Window({ window, canSet, refetch }: WindowProperties) {
  const folders = useHome()?.folders.body?.data ?? [];
  const workspace_id = useWorkspace().id;
  const path = { workspace_id, freeze_window_id: window.id };
  const state = stateOf(window);
  const attempt = async (request: () => Promise<unknown>) => {
    try {
      await request();
    } catch (error) {
      say(problemOf(error).message);
    }
    await refetch();
  };
  const endAt = (ends_at: string) =>
    body(
      api.PATCH("/v1/workspaces/{workspace_id}/freeze-windows/{freeze_window_id}", {
        params: { path },
        body: { ends_at },
      }),
    );
  const end = () =>
    attempt(async () => {
      await endAt(new Date().toISOString());
      say(t("freeze.ended"), () => void attempt(() => endAt(window.ends_at)));
    });
  const callOff = () =>
    attempt(async () => {
      await body(api.DELETE("/v1/workspaces/{workspace_id}/freeze-windows/{freeze_window_id}", { params: { path } }));
      const { reason, starts_at, ends_at, folder_id = null } = window;
      const again = { params: { path: { workspace_id } }, body: { reason, starts_at, ends_at, folder_id } };
      say(
        t("freeze.calledOff"),
        () => void attempt(() => body(api.POST("/v1/workspaces/{workspace_id}/freeze-windows", again))),
      );
    });
  return (
    <li className="row apart">
      <span className="grow">
        <b>{window.reason}</b>{" "}
        <span className="badge" data-look={LOOKS[state]}>
          {t(`freeze.${state}`)}
        </span>
        <span className="small muted block">
          {t("freeze.span", { from: dateTime(window.starts_at), to: dateTime(window.ends_at) })} ·{" "}
          {window.folder_id
            ? (folders.find((folder) => folder.id === window.folder_id)?.name ?? window.folder_id)
            : t("freeze.all")}
        </span>
      </span>
      {canSet && state === "open" && <Button onClick={() => end()}>{t("freeze.end")}</Button>}
      {canSet && state === "ahead" && <Button onClick={() => callOff()}>{t("freeze.callOff")}</Button>}
    </li>
  );
}

const EMPTY = { reason: "", starts: "", ends: "", folder: "" };

function NewWindow({ refetch }: { refetch: () => Promise<void> }) {
  const path = { workspace_id: useWorkspace().id };
  const folders = useHome()?.folders.body?.data ?? [];
  const zone = myZone();
  const [form, setForm] = useState(EMPTY);
  const set = (change: Partial<typeof EMPTY>) => setForm({ ...form, ...change });
  const { submit, busy, problem, errors } = useSubmit(async () => {
    const draft = {
      reason: form.reason.trim(),
      ends_at: instantOf(form.ends, zone),
      ...(form.starts ? { starts_at: instantOf(form.starts, zone) } : {}),
      ...(form.folder ? { folder_id: form.folder } : {}),
    };
    await body(api.POST("/v1/workspaces/{workspace_id}/freeze-windows", { params: { path }, body: draft }));
    // Whoever has typed on meanwhile keeps it.
    setForm((now) => (now === form ? EMPTY : now));
    say(t("freeze.made"));
    await refetch();
  });
  return (
    <form className="stack-s" onSubmit={submit}>
      {problem && errors.size === 0 && <Failure error={problem} />}
      <Field
        label={t("freeze.reason")}
        value={form.reason}
        onValue={(reason) => set({ reason })}
        error={errors.get("/reason")}
        maxLength={200}
        required
      />
      <div className="two">
        <Field
          label={t("freeze.starts")}
          type="datetime-local"
          value={form.starts}
          onValue={(starts) => set({ starts })}
          error={errors.get("/starts_at")}
          hint={form.starts ? zone : t("freeze.startsHint")}
        />
        <Field
          label={t("freeze.ends")}
          type="datetime-local"
          value={form.ends}
          onValue={(ends) => set({ ends })}
          error={errors.get("/ends_at")}
          hint={zone}
          required
        />
      </div>
      <Choice
        label={t("freeze.which")}
        value={form.folder}
        onValue={(folder) => set({ folder })}
        options={[["", t("freeze.all")], ...folders.map(({ id, name }): [string, string] => [id, name])]}
        error={errors.get("/folder_id")}
      />
      <div className="row">
        <Button type="submit" disabled={busy}>
          {t("freeze.make")}
        </Button>
      </div>
    </form>
  );
}
