import type { BudgetPeriod, Link, LinkDraft, LinkPatch, Rule } from "../../api/types";
import { UTM, type UtmField } from "../../lib/utm";

/** What a card of the link shows where it is posted. */
export const CARD = ["title", "description", "image_url"] as const;
type CardField = (typeof CARD)[number];

/** A link as the form has it: every field is there. */
export interface Form {
  destination_url: string;
  domain: string;
  slug: string;
  title: string;
  tags: string[];
  folder_id: string;
  comment: string;
  utm: Record<UtmField, string>;
  starts_at: string;
  expires_at: string;
  expired_url: string;
  max_clicks: string;
  click_budget: { clicks: string; period: BudgetPeriod; time_zone: string };
  password: string;
  remove_password: boolean;
  redirect_status: string;
  forward_query: string;
  forward_path: boolean;
  external_id: string;
  needs_approval: boolean;
  preview: Record<CardField, string>;
  ios_url: string;
  android_url: string;
  robots: string;
  expired_text: string;
  not_found_text: string;
  rules: Rule[];
}

export const EMPTY: Form = {
  destination_url: "",
  domain: "",
  slug: "",
  title: "",
  tags: [],
  folder_id: "",
  comment: "",
  utm: { source: "", medium: "", campaign: "", term: "", content: "" },
  starts_at: "",
  expires_at: "",
  expired_url: "",
  max_clicks: "",
  click_budget: { clicks: "", period: "day", time_zone: "" },
  password: "",
  remove_password: false,
  redirect_status: "",
  forward_query: "",
  forward_path: false,
  external_id: "",
  needs_approval: false,
  preview: { title: "", description: "", image_url: "" },
  ios_url: "",
  android_url: "",
  robots: "",
  expired_text: "",
  not_found_text: "",
  rules: [],
};

export function formOf(link: Link): Form {
  const utm = Object.fromEntries(UTM.map((field) => [field, link.utm[field] ?? ""])) as Form["utm"];
  return {
    ...EMPTY,
    destination_url: link.destination_url,
    domain: link.domain,
    slug: link.slug,
    title: link.title ?? "",
    tags: link.tags,
    folder_id: link.folder_id ?? "",
    comment: link.comment ?? "",
    utm,
    starts_at: link.starts_at ?? "",
    expires_at: link.expires_at ?? "",
    expired_url: link.expired_url ?? "",
    max_clicks: link.max_clicks === null || link.max_clicks === undefined ? "" : String(link.max_clicks),
    click_budget: link.click_budget
      ? { ...link.click_budget, clicks: String(link.click_budget.clicks) }
      : EMPTY.click_budget,
    redirect_status: String(link.redirect_status),
    forward_query: link.forward_query,
    forward_path: link.forward_path,
    external_id: link.external_id ?? "",
    needs_approval: link.needs_approval,
    preview: Object.fromEntries(CARD.map((field) => [field, link.preview?.[field] ?? ""])) as Form["preview"],
    ios_url: link.ios_url ?? "",
    android_url: link.android_url ?? "",
    robots: link.robots ?? "",
    expired_text: link.expired_text ?? "",
    not_found_text: link.not_found_text ?? "",
    rules: link.rules,
  };
}

const orNull = (text: string) => (text.trim() === "" ? null : text.trim());

/** Fields of the form as the API takes them; what is empty is `null`. */
function written(form: Partial<Form>): LinkPatch {
  const body: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(form)) {
    if (name === "remove_password") {
      if (value === true) body.password = null;
    } else if (name === "password") {
      if (value) body.password = value;
    } else if (name === "utm") {
      body.utm = Object.fromEntries(Object.entries(value as Form["utm"]).map(([field, text]) => [field, orNull(text)]));
    } else if (name === "preview") {
      const card = Object.entries(value as Form["preview"]).map(([field, text]) => [field, orNull(text)]);
      body.preview = card.some(([, text]) => text !== null) ? Object.fromEntries(card) : null;
    } else if (name === "click_budget") {
      const budget = value as Form["click_budget"];
      body.click_budget = budget.clicks === "" ? null : { ...budget, clicks: Number(budget.clicks) };
    } else if (name === "redirect_status" || name === "max_clicks") {
      body[name] = value === "" ? null : Number(value);
    } else if (name === "destination_url" || name === "slug" || name === "domain" || name === "forward_query") {
      body[name] = (value as string).trim();
    } else {
      body[name] = typeof value === "string" ? orNull(value) : value;
    }
  }
  return body as LinkPatch;
}

export function patchOf(changed: Partial<Form>): LinkPatch {
  return written(changed);
}

/** A new link: what was left empty is left to the server. */
export function draftOf(form: Form): LinkDraft {
  const filled = Object.entries(form).filter(([name, value]) => {
    if (name === "click_budget") return form.click_budget.clicks !== "";
    if (Array.isArray(value)) return value.length > 0;
    if (value !== null && typeof value === "object") return Object.values(value).some(Boolean);
    return value !== "" && value !== false;
  });
  const draft = written(Object.fromEntries(filled) as Partial<Form>) as LinkDraft;
  return { ...draft, destination_url: form.destination_url.trim() };
}

/** The field of the form that a JSON pointer of the API is about. */
export function errorsBelow(errors: Map<string, string>, pointer: string): string[] {
  return [...errors].filter(([place]) => place === pointer || place.startsWith(`${pointer}/`)).map(([, text]) => text);
}
