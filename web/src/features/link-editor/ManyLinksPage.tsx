import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { problemOf } from "../../api/problem";
import type { Link } from "../../api/types";
import { Button } from "../../design/Button";
import { copyText } from "../../design/Copy";
import { Choice, TextArea } from "../../design/Field";
import { t } from "../../i18n";
import "../../i18n/late";
import { useDraft } from "../../lib/draft";
import { number } from "../../lib/format";
import { takePasted } from "../../lib/many";
import { useShortcuts } from "../../lib/shortcuts";
import { useSubmit } from "../../lib/submit";
import { useTitle } from "../../lib/title";
import { say } from "../../lib/toasts";
import { useHome, useWorkspace } from "../../lib/workspace";
import { addressesOf, isMade, MOST, makeMany, type Outcome, unmake } from "./many";
import { Outcomes } from "./Outcomes";
import { TagField } from "./TagField";

const EMPTY = { text: "", domain: "", folder: "", tags: [] as string[] };

/** Many addresses, one a line, each of which becomes a link. Those that are refused stay, to be mended. */
export default function ManyLinksPage() {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const home = useHome();
  const { value, latest, set } = useDraft(`many.${workspace.id}`, EMPTY);
  const [outcomes, setOutcomes] = useState<Outcome[]>([]);
  const [done, setDone] = useState(0);
  const stopped = useRef(false);
  const keys = useRef(new Map<string, string>());
  const form = useRef<HTMLFormElement>(null);
  useTitle(t("many.title"), workspace.name);
  useEffect(() => {
    const pasted = takePasted();
    if (pasted) set({ text: pasted });
  }, [set]);
  const addresses = addressesOf(value.text);
  const isTooMuch = addresses.length > MOST;
  const refetch = async () => {
    for (const name of ["links", "links-count", "home"])
      await queries.invalidateQueries({ queryKey: [name, workspace.id] });
  };
  const undo = async (links: Link[]) => {
    try {
      await unmake(workspace.id, links);
      setOutcomes((old) => old.filter((outcome) => !isMade(outcome)));
      say(t("links.undone"));
    } catch (error) {
      say(problemOf(error).message);
    }
    await refetch();
  };
  const { submit, busy } = useSubmit(async () => {
    if (addresses.length === 0 || isTooMuch) return;
    stopped.current = false;
    setDone(0);
    setOutcomes([]);
    const alike = {
      ...(value.domain ? { domain: value.domain } : {}),
      ...(value.folder ? { folder_id: value.folder } : {}),
      ...(value.tags.length > 0 ? { tags: value.tags } : {}),
    };
    const became = await makeMany({
      workspace: workspace.id,
      addresses,
      alike,
      keys: keys.current,
      onProgress: setDone,
      isStopped: () => stopped.current,
    });
    setOutcomes(became);
    const refused = became.flatMap((outcome) => (isMade(outcome) ? [] : [outcome.address]));
    const pastedSince = addressesOf(latest().text).filter((address) => !addresses.includes(address));
    set({ text: [...refused, ...pastedSince].join("\n") });
    const made = became.filter(isMade).map(({ link }) => link);
    if (made.length > 0) say(t("many.made", { count: made.length }), () => void undo(made));
    await refetch();
  });
  useShortcuts({ "mod+enter": () => form.current?.requestSubmit() });
  const domains = (home?.domains.body?.data ?? []).filter((domain) => domain.state === "active" || domain.is_default);
  const folders = home?.folders.body?.data ?? [];
  return (
    <>
      <div className="page-head">
        <h1>{t("many.title")}</h1>
      </div>
      <form ref={form} className="sheet pad stack" onSubmit={submit}>
        <TextArea
          label={t("many.addresses")}
          value={value.text}
          onValue={(text) => set({ text })}
          error={isTooMuch ? t("many.tooMuch", { most: number(MOST), found: number(addresses.length) }) : undefined}
          hint={t("many.hint")}
          maxLength={4_000_000}
          rows={10}
          mono
        />
        <div className="two">
          <Choice
            label={t("links.domain")}
            value={value.domain}
            onValue={(domain) => set({ domain })}
            options={[
              ["", t("editor.defaultDomain")],
              ...domains.map((domain): [string, string] => [domain.hostname, domain.display_name]),
            ]}
          />
          <Choice
            label={t("links.folder")}
            value={value.folder}
            onValue={(folder) => set({ folder })}
            options={[["", t("links.noFolder")], ...folders.map(({ id, name }): [string, string] => [id, name])]}
          />
        </div>
        <TagField value={value.tags} onValue={(tags) => set({ tags })} />
        <div className="row">
          <Button look="main" type="submit" keys="Ctrl ↵" disabled={busy || addresses.length === 0 || isTooMuch}>
            {t("many.make", { count: addresses.length })}
          </Button>
          {busy && (
            <>
              <progress max={addresses.length} value={done} aria-label={t("many.working")} />
              <span className="small" role="status">
                {t("links.progress", { done: number(done), total: number(addresses.length) })}
              </span>
              <Button
                onClick={() => {
                  stopped.current = true;
                }}
              >
                {t("links.stop")}
              </Button>
            </>
          )}
        </div>
      </form>
      {outcomes.length > 0 && <Outcomes outcomes={outcomes} onCopy={() => void copyAll(outcomes)} />}
    </>
  );
}

/** The addresses with their short links, as a table that spreadsheets take. */
async function copyAll(outcomes: Outcome[]): Promise<void> {
  const lines = outcomes.filter(isMade).map(({ address, link }) => `${address}\t${link.short_url}`);
  if (await copyText(lines.join("\n"))) say(t("common.copied"));
}
