import type { Link } from "../../api/types";
import { t } from "../../i18n";

export interface State {
  look?: "warn" | "bad";
  text: string;
}

/** What is special about a link, in words. */
export function statesOf(link: Link, now = Date.now()): State[] {
  const states: State[] = [];
  if (link.disabled_reason) states.push({ look: "bad", text: t("state.disabled") });
  if (link.archived) states.push({ look: "warn", text: t("state.archived") });
  if (link.starts_at && Date.parse(link.starts_at) > now) states.push({ text: t("state.scheduled") });
  if (link.expires_at && Date.parse(link.expires_at) <= now) states.push({ look: "warn", text: t("state.expired") });
  if (link.needs_approval) states.push({ text: t("state.needsApproval") });
  if (link.password_protected) states.push({ text: t("state.password") });
  const splits = link.rules.some((rule) => rule.outcome.type === "split");
  if (link.rules.length > 0)
    states.push({ text: splits ? t("state.split") : t("state.rules", { count: link.rules.length }) });
  return states;
}

export const shown = (link: Pick<Link, "short_url">) => link.short_url.replace(/^https?:\/\//, "");

/** An address with its host set apart. */
export function partsOf(address: string): { host: string; rest: string } {
  try {
    const url = new URL(address);
    const rest = `${url.pathname === "/" ? "" : url.pathname}${url.search}${url.hash}`;
    return { host: url.host || url.protocol, rest };
  } catch {
    return { host: address, rest: "" };
  }
}
