import { Dices } from "lucide-react";
import type { Link } from "../../api/types";
import { Button } from "../../design/Button";
import { Check, Choice, Field } from "../../design/Field";
import { Fold } from "../../design/Fold";
import { t } from "../../i18n";
import "../../i18n/late";
import type { Draft } from "../../lib/draft";
import { relative } from "../../lib/format";
import { myZone } from "../../lib/preferences";
import { TemplateChoice } from "../../lib/TemplateChoice";
import { ToMany, usePastingMany } from "../../lib/ToMany";
import { instantOf, localOf } from "../../lib/time";
import { UTM } from "../../lib/utm";
import { useHome } from "../../lib/workspace";
import { BudgetFields } from "./BudgetFields";
import { CardFields, WordFields } from "./CardFields";
import { errorsBelow, type Form } from "./form";
import { Rules } from "./Rules";
import { SlugState } from "./SlugState";
import { TagField } from "./TagField";

interface Properties {
  draft: Draft<Form>;
  errors: Map<string, string>;
  /** The slug and domain that the link has now, which are not taken by another. */
  own?: { domain: string; slug: string };
  hasPassword: boolean;
  /** How much of the link's click budget is used. */
  use?: Link["budget_use"];
  isNew: boolean;
  wins: number | undefined;
  checks: (boolean | undefined)[];
}

const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";
const randomSlug = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(7)), (byte) => LETTERS[byte % LETTERS.length]).join("");

export function LinkForm({ draft, errors, own, hasPassword, use, isNew, wins, checks }: Properties) {
  const { value, set } = draft;
  const home = useHome();
  const zone = myZone();
  const domains = (home?.domains.body?.data ?? []).filter((domain) => domain.state === "active" || domain.is_default);
  const domainOptions = domains.map((domain): [string, string] => [domain.hostname, domain.display_name]);
  if (value.domain && !domainOptions.some(([name]) => name === value.domain))
    domainOptions.unshift([value.domain, value.domain]);
  if (isNew && !value.domain) domainOptions.unshift(["", t("editor.defaultDomain")]);
  const folders = home?.folders.body?.data ?? [];
  const pasteMany = usePastingMany();
  const error = (pointer: string) => errors.get(pointer);
  return (
    <div className="stack">
      <Field
        label={t("links.destination")}
        value={value.destination_url}
        onValue={(destination_url) => set({ destination_url })}
        error={error("/destination_url")}
        placeholder="https://example.com/…"
        inputMode="url"
        autoFocus={isNew}
        name="destination"
        {...(isNew ? { hint: <ToMany />, onPaste: pasteMany } : {})}
      />
      <div className="two">
        <Choice
          label={t("links.domain")}
          value={value.domain}
          onValue={(domain) => set({ domain })}
          options={domainOptions}
          error={error("/domain")}
        />
        <div className="stack-s">
          <div className="with-button">
            <Field
              label={t("editor.slug")}
              value={value.slug}
              onValue={(slug) => set({ slug })}
              error={error("/slug")}
              placeholder={t("editor.slugEmpty")}
              mono
              spellCheck={false}
              autoCapitalize="none"
              name="slug"
            />
            <Button
              icon={<Dices aria-hidden="true" />}
              label={t("editor.random")}
              onClick={() => set({ slug: randomSlug() })}
            />
          </div>
          <SlugState
            domain={value.domain || domains.find((domain) => domain.is_default)?.hostname}
            slug={value.slug}
            own={own}
          />
        </div>
      </div>
      <Rules draft={draft} errors={errors} wins={wins} checks={checks} />
      <Field
        label={t("editor.title")}
        value={value.title}
        onValue={(title) => set({ title })}
        error={error("/title")}
      />
      <TagField value={value.tags} onValue={(tags) => set({ tags })} error={errorsBelow(errors, "/tags")[0]} />
      <Fold title={t("editor.utm")} filled={UTM.some((field) => value.utm[field] !== "")}>
        <TemplateChoice
          onChoose={(utm) => {
            const all = UTM.map((field) => [field, utm[field] ?? value.utm[field]]);
            set({ utm: Object.fromEntries(all) as Form["utm"] });
          }}
        />
        <div className="two">
          {UTM.map((field) => (
            <Field
              key={field}
              label={`utm_${field}`}
              value={value.utm[field]}
              onValue={(text) => set({ utm: { ...value.utm, [field]: text } })}
              error={error(`/utm/${field}`)}
              mono
            />
          ))}
        </div>
      </Fold>
      <Fold
        title={t("editor.schedule")}
        filled={Boolean(value.starts_at || value.expires_at || value.max_clicks || value.click_budget.clicks)}
      >
        <div className="two">
          <Field
            label={t("editor.startsAt")}
            type="datetime-local"
            value={localOf(value.starts_at, zone)}
            onValue={(local) => set({ starts_at: instantOf(local, zone) })}
            error={error("/starts_at")}
            hint={value.starts_at ? `${zone}, ${relative(value.starts_at)}` : zone}
          />
          <Field
            label={t("editor.expiresAt")}
            type="datetime-local"
            value={localOf(value.expires_at, zone)}
            onValue={(local) => set({ expires_at: instantOf(local, zone) })}
            error={error("/expires_at")}
            hint={value.expires_at ? `${zone}, ${relative(value.expires_at)}` : zone}
          />
          <Field
            label={t("editor.maxClicks")}
            value={value.max_clicks}
            onValue={(text) => set({ max_clicks: text.replaceAll(/\D/g, "") })}
            error={error("/max_clicks")}
            inputMode="numeric"
          />
          <Field
            label={t("editor.expiredUrl")}
            value={value.expired_url}
            onValue={(expired_url) => set({ expired_url })}
            error={error("/expired_url")}
            inputMode="url"
          />
          <BudgetFields
            value={value.click_budget}
            onValue={(click_budget) => set({ click_budget })}
            errors={errors}
            use={use}
          />
        </div>
      </Fold>
      <CardFields draft={draft} errors={errors} />
      <WordFields draft={draft} errors={errors} />
      <Fold title={t("editor.more")}>
        <div className="two">
          <Field
            label={t("editor.password")}
            value={value.password}
            onValue={(password) => set({ password, remove_password: false })}
            error={error("/password")}
            hint={hasPassword ? t("editor.passwordThere") : t("editor.passwordHint")}
            autoComplete="off"
            mono
          />
          <Choice
            label={t("editor.status")}
            value={value.redirect_status}
            onValue={(redirect_status) => set({ redirect_status })}
            options={[
              ...(isNew ? [["", t("editor.statusDefault")] as [string, string]] : []),
              ...["301", "302", "303", "307", "308"].map((code): [string, string] => [
                code,
                t(`editor.status${code}` as "editor.status301"),
              ]),
            ]}
            error={error("/redirect_status")}
          />
          <Choice
            label={t("editor.forwardQuery")}
            value={value.forward_query}
            onValue={(forward_query) => set({ forward_query })}
            options={[
              ...(isNew ? [["", t("editor.statusDefault")] as [string, string]] : []),
              ["off", t("editor.queryOff")],
              ["visitor_wins", t("editor.queryVisitor")],
              ["link_wins", t("editor.queryLink")],
            ]}
          />
          <Choice
            label={t("links.folder")}
            value={value.folder_id}
            onValue={(folder_id) => set({ folder_id })}
            options={[
              ["", t("links.noFolder")],
              ...folders.map((folder): [string, string] => [folder.id, folder.name]),
            ]}
            error={error("/folder_id")}
          />
          <Field
            label={t("editor.externalId")}
            value={value.external_id}
            onValue={(external_id) => set({ external_id })}
            error={error("/external_id")}
            mono
          />
          <Field
            label={t("editor.comment")}
            value={value.comment}
            onValue={(comment) => set({ comment })}
            error={error("/comment")}
          />
        </div>
        <div className="row">
          <Check
            label={t("editor.forwardPath")}
            checked={value.forward_path}
            onChecked={(forward_path) => set({ forward_path })}
          />
          <Check
            label={t("approvals.needs")}
            checked={value.needs_approval}
            onChecked={(needs_approval) => set({ needs_approval })}
          />
          {hasPassword && (
            <Check
              label={t("editor.removePassword")}
              checked={value.remove_password}
              onChecked={(remove_password) => set({ remove_password })}
            />
          )}
        </div>
      </Fold>
    </div>
  );
}
