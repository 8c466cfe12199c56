import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useBoot } from "../api/boot";
import { api, body } from "../api/client";
import { problemOf } from "../api/problem";
import type { SavedView, SavedViewPatch } from "../api/types";
import { Button } from "../design/Button";
import { Dialog } from "../design/Dialog";
import { Failure, Skeleton } from "../design/Failure";
import { Check, Field } from "../design/Field";
import { t } from "../i18n";
import { emptied } from "./sent";
import { useSubmit } from "./submit";
import { say } from "./toasts";
import { mayEdit, useRole, useWorkspace } from "./workspace";

interface Properties {
  page: SavedView["page"];
  query: string;
  onQuery: (query: string) => void;
  onClose: () => void;
}

/** Views that were saved of a page: opened, brought up to what is shown, shared, deleted; and what is shown, saved under a name. */
export default function ViewsDialog({ page, query, onQuery, onClose }: Properties) {
  const workspace_id = useWorkspace().id;
  const queries = useQueryClient();
  const canEdit = mayEdit(useRole());
  const key = ["views", workspace_id, page];
  const params = { path: { workspace_id } };
  const views = useQuery({
    queryKey: key,
    queryFn: () =>
      body(api.GET("/v1/workspaces/{workspace_id}/views", { params: { ...params, query: { page, limit: 100 } } })),
  });
  const create = (draft: { name: string; query: string; shared: boolean }) =>
    body(api.POST("/v1/workspaces/{workspace_id}/views", { params, body: { page, ...draft } }));
  const run = async (request: () => Promise<unknown>) => {
    try {
      await request();
    } catch (error) {
      say(problemOf(error).message);
    }
    await queries.invalidateQueries({ queryKey: key });
  };
  const at = (view: SavedView) => ({
    path: { workspace_id, view_id: view.id },
    header: { "If-Match": `"${view.version}"` },
  });
  const change = (view: SavedView, patch: SavedViewPatch) =>
    run(() => body(api.PATCH("/v1/workspaces/{workspace_id}/views/{view_id}", { params: at(view), body: patch })));
  const remove = (view: SavedView) =>
    run(async () => {
      await body(api.DELETE("/v1/workspaces/{workspace_id}/views/{view_id}", { params: at(view) }));
      say(
        t("views.deleted", { name: view.name }),
        () => void run(() => create({ name: view.name, query: view.query, shared: view.shared })),
      );
    });
  const found = views.data?.data ?? [];
  return (
    <Dialog open onClose={onClose} title={t("views.title")} wide>
      {views.isError && <Failure error={views.error} onRetry={() => void views.refetch()} />}
      {views.isPending && <Skeleton />}
      {views.data && found.length === 0 && <p className="muted">{t("views.none")}</p>}
      <ul className="stack-s">
        {found.map((view) => (
          <View
            key={view.id}
            view={view}
            isShown={view.query === query}
            canEdit={canEdit || !view.shared}
            canShare={canEdit}
            onOpen={() => {
              onQuery(view.query);
              onClose();
            }}
            onUpdate={() => void change(view, { query })}
            onChange={(patch) => void change(view, patch)}
            onRemove={() => void remove(view)}
          />
        ))}
      </ul>
      <Save
        canShare={canEdit}
        onSave={async (name, shared) => {
          await create({ name, query, shared });
          say(t("views.saved", { name }));
          await queries.invalidateQueries({ queryKey: key });
        }}
      />
      <div className="row">
        <Button onClick={onClose}>{t("common.close")}</Button>
      </div>
    </Dialog>
  );
}

interface ViewProperties {
  view: SavedView;
  isShown: boolean;
  canEdit: boolean;
  canShare: boolean;
  onOpen: () => void;
  onUpdate: () => void;
  onChange: (patch: SavedViewPatch) => void;
  onRemove: () => void;
}

function View({ view, isShown, canEdit, canShare, onOpen, onUpdate, onChange, onRemove }: ViewProperties) {
  const isMine = useBoot()?.user?.id === view.owner;
  const [name, setName] = useState<string>();
  if (name !== undefined) {
    const rename = (event: FormEvent) => {
      event.preventDefault();
      if (name.trim() !== view.name) onChange({ name: name.trim() });
      setName(undefined);
    };
    return (
      <li>
        <form className="with-button" onSubmit={rename}>
          <Field
            label={t("views.nameOf", { name: view.name })}
            value={name}
            onValue={setName}
            maxLength={100}
            autoFocus
          />
          <span className="row button-row">
            <Button type="submit" disabled={name.trim() === ""}>
              {t("common.save")}
            </Button>
            <Button onClick={() => setName(undefined)}>{t("common.cancel")}</Button>
          </span>
        </form>
      </li>
    );
  }
  const named = (text: string) => `${text}: ${view.name}`;
  return (
    <li className="row view">
      <Button look="plain" aria-current={isShown || undefined} onClick={onOpen}>
        {view.name}
      </Button>
      {view.shared && <span className="badge">{isMine ? t("views.sharedByMe") : t("views.shared")}</span>}
      <span className="grow" />
      {canEdit && !isShown && (
        <Button aria-label={named(t("views.update"))} onClick={onUpdate}>
          {t("views.update")}
        </Button>
      )}
      {canEdit && (
        <Button aria-label={named(t("views.rename"))} onClick={() => setName(view.name)}>
          {t("views.rename")}
        </Button>
      )}
      {canShare && (
        <Button
          aria-label={named(view.shared ? t("views.unshare") : t("views.share"))}
          onClick={() => onChange({ shared: !view.shared })}
        >
          {view.shared ? t("views.unshare") : t("views.share")}
        </Button>
      )}
      {canEdit && (
        <Button look="bad" aria-label={named(t("views.delete"))} onClick={onRemove}>
          {t("views.delete")}
        </Button>
      )}
    </li>
  );
}

function Save({ canShare, onSave }: { canShare: boolean; onSave: (name: string, shared: boolean) => Promise<void> }) {
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const { submit, busy, problem, errors } = useSubmit(async () => {
    await onSave(name.trim(), shared);
    setName(emptied(name));
  });
  return (
    <form className="stack-s" onSubmit={submit}>
      <Field
        label={t("views.saveAs")}
        value={name}
        onValue={setName}
        maxLength={100}
        required
        error={errors.get("/name") ?? (problem && errors.size === 0 ? problem.message : undefined)}
      />
      {canShare && <Check label={t("views.forAll")} checked={shared} onChecked={setShared} />}
      <div className="row">
        <Button look="main" type="submit" disabled={busy || name.trim() === ""}>
          {t("common.save")}
        </Button>
      </div>
    </form>
  );
}
