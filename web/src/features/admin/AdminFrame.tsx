import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useBoot } from "../../api/boot";
import { t } from "../../i18n";
import { useTitle } from "../../lib/title";

const PAGES = [
  { to: "/admin/status", text: "admin.status" },
  { to: "/admin/accounts", text: "admin.accounts" },
  { to: "/admin/jobs", text: "admin.jobs" },
  { to: "/admin/events", text: "admin.events" },
  { to: "/admin/query-limits", text: "admin.limits" },
] as const;

/** Pages for those who run the instance. */
export function AdminFrame({ title, children }: { title: string; children: ReactNode }) {
  const boot = useBoot();
  useTitle(title, t("admin.title"));
  return (
    <>
      <div className="page-head">
        <h1>{title}</h1>
        <nav className="row" aria-label={t("admin.title")}>
          {PAGES.map(({ to, text }) => (
            <Link key={to} to={to} className="button tab">
              {t(text)}
            </Link>
          ))}
        </nav>
      </div>
      {boot?.user?.is_admin && children}
      {boot && !boot.user?.is_admin && (
        <div className="sheet empty">
          <p>{t("admin.notYou")}</p>
        </div>
      )}
    </>
  );
}
