import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useParams, useRouterState } from "@tanstack/react-router";
import {
  Activity,
  AppWindow,
  ArchiveRestore,
  CalendarClock,
  ChartLine,
  ChevronsUpDown,
  ClipboardCheck,
  FileDown,
  Globe,
  KeyRound,
  Link as LinkIcon,
  LogOut,
  Menu as MenuIcon,
  Plus,
  ScrollText,
  Search,
  Settings,
  UserRound,
  Users,
  Wrench,
} from "lucide-react";
import { lazy, type RefObject, useEffect, useRef, useState } from "react";
import { useBoot } from "../api/boot";
import { bff } from "../api/client";
import { Button } from "../design/Button";
import { Dialog } from "../design/Dialog";
import { Menu } from "../design/Menu";
import { t } from "../i18n";
import { useWaitingForMe } from "../lib/approvals";
import { forgetDrafts } from "../lib/draft";
import { useFollowing } from "../lib/follow";
import { number } from "../lib/format";
import { Later } from "../lib/Later";
import { isMany, keepPasted } from "../lib/many";
import { useQuiet } from "../lib/quiet";
import { forgetRecents } from "../lib/recents";
import { useShortcuts } from "../lib/shortcuts";
import { undoLast } from "../lib/toasts";
import { homeQuery } from "../lib/workspace";
import { Notices } from "./Notices";

const Palette = lazy(() => import("./Palette"));
const Keys = lazy(() => import("./Keys"));
const SignInOver = lazy(() => import("./SignInOver"));

/** Every page of a workspace that there is, with the key behind `g`. */
export const PAGES = [
  { to: "/w/$workspace/links", key: "l", icon: LinkIcon, text: "nav.links" },
  { to: "/w/$workspace/analytics", key: "a", icon: ChartLine, text: "nav.analytics" },
  { to: "/w/$workspace/live", key: "v", icon: Activity, text: "nav.live" },
  { to: "/w/$workspace/reports", key: "e", icon: CalendarClock, text: "nav.reports" },
  { to: "/w/$workspace/exports", key: "f", icon: FileDown, text: "nav.exports" },
  { to: "/w/$workspace/approvals", key: "r", icon: ClipboardCheck, text: "nav.approvals" },
  { to: "/w/$workspace/domains", key: "d", icon: Globe, text: "nav.domains" },
  { to: "/w/$workspace/people", key: "p", icon: Users, text: "nav.people" },
  { to: "/w/$workspace/keys", key: "k", icon: KeyRound, text: "nav.keys" },
  { to: "/w/$workspace/programs", key: "o", icon: AppWindow, text: "nav.programs" },
  { to: "/w/$workspace/audit", key: "u", icon: ScrollText, text: "nav.audit" },
  { to: "/w/$workspace/settings", key: "s", icon: Settings, text: "nav.settings" },
] as const;

export function Shell() {
  const boot = useBoot();
  const navigate = useNavigate();
  const { workspace } = useParams({ strict: false });
  const [palette, setPalette] = useState(false);
  const begun = useRef("");
  const [keys, setKeys] = useState(false);
  const slug = workspace ?? boot?.workspaces?.[0]?.slug;
  const followed = boot?.workspaces?.find((other) => other.slug === workspace);
  const home = useQuery({ ...homeQuery(followed?.id ?? ""), enabled: followed !== undefined });
  // Others may not follow events; their pages ask again when they are looked at.
  const role = home.data?.parts.membership?.body?.role;
  const mayFollow = role === "owner" || role === "admin";

  const go = (to: (typeof PAGES)[number]["to"]) => () => slug && void navigate({ to, params: { workspace: slug } });
  useShortcuts({
    "mod+k": () => setPalette(true),
    "?": () => setKeys(true),
    c: () => slug && void navigate({ to: "/w/$workspace/links/new", params: { workspace: slug } }),
    "mod+z": () => undoLast(),
    ...Object.fromEntries(PAGES.map((page) => [`g ${page.key}`, go(page.to)])),
  });
  usePastedAddress((text) => {
    if (!slug) return;
    const params = { workspace: slug };
    if (!isMany(text)) return void navigate({ to: "/w/$workspace/links/new", params, search: { destination: text } });
    keepPasted(text);
    void navigate({ to: "/w/$workspace/links/many", params });
  });

  useFollowing(followed?.id, useQuiet(mayFollow));

  return (
    <>
      <a className="button skip" href="#main">
        {t("nav.skip")}
      </a>
      <div className="shell">
        {slug && <Side slug={slug} onPalette={() => setPalette(true)} />}
        <div>
          <Notices />
          <main className="main" id="main" tabIndex={-1}>
            <Outlet />
          </main>
        </div>
      </div>
      {slug && <Bottom slug={slug} />}
      {palette && slug && (
        <Later fallback={<PaletteToCome begun={begun} onClose={() => setPalette(false)} />}>
          <Palette slug={slug} begun={begun} onClose={() => setPalette(false)} onKeys={() => setKeys(true)} />
        </Later>
      )}
      {keys && (
        <Later>
          <Keys onClose={() => setKeys(false)} />
        </Later>
      )}
      {boot && !boot.user && (
        <Later>
          <SignInOver />
        </Later>
      )}
    </>
  );
}

/** An address that is pasted anywhere outside a field begins a link; several begin as many. */
function usePastedAddress(begin: (text: string) => void): void {
  useEffect(() => {
    const listen = (event: ClipboardEvent) => {
      const target = event.target;
      if (target instanceof HTMLElement && target.closest("input,textarea,select,dialog")) return;
      const text = event.clipboardData?.getData("text/plain").trim() ?? "";
      if (/^https?:\/\/\S+$/.test(text) || isMany(text)) begin(text);
    };
    document.addEventListener("paste", listen);
    return () => document.removeEventListener("paste", listen);
  });
}

/** A new page has nothing left of who was here. */
async function signOut(): Promise<void> {
  await bff("/bff/session", { method: "DELETE" }).catch(() => {});
  forgetDrafts();
  forgetRecents();
  location.assign("/sign-in");
}

/** Takes what is typed until the palette is there: as keys of the page behind it, an «a» would archive a link. */
function PaletteToCome({ begun, onClose }: { begun: RefObject<string>; onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} title={t("nav.goTo")} wide bare>
      <input
        className="input"
        aria-label={t("nav.goTo")}
        onChange={(event) => {
          begun.current = event.target.value;
        }}
      />
    </Dialog>
  );
}

function Side({ slug, onPalette }: { slug: string; onPalette: () => void }) {
  const boot = useBoot();
  const navigate = useNavigate();
  const workspaces = boot?.workspaces ?? [];
  const current = workspaces.find((workspace) => workspace.slug === slug);
  const entries = workspaces.map((workspace) => ({
    label: workspace.name,
    icon: <span className="mark">{workspace.name.slice(0, 1).toUpperCase()}</span>,
    onSelect: () => void navigate({ to: "/w/$workspace/links", params: { workspace: workspace.slug } }),
  }));
  entries.push({
    label: t("nav.newWorkspace"),
    icon: <Plus aria-hidden="true" />,
    onSelect: () => void navigate({ to: "/new-workspace" }),
  });
  entries.push({
    label: t("nav.deletedWorkspaces"),
    icon: <ArchiveRestore aria-hidden="true" />,
    onSelect: () => void navigate({ to: "/deleted-workspaces" }),
  });
  const name = current?.name ?? "Elido";
  return (
    <header className="side">
      <Menu entries={entries} className="switcher">
        <span className="mark" aria-hidden="true">
          {name.slice(0, 1).toUpperCase()}
        </span>
        <span className="cut grow">{name}</span>
        <ChevronsUpDown className="icon" aria-hidden="true" />
        <span className="visually-hidden">{t("nav.switch")}</span>
      </Menu>
      <nav className="nav" aria-label={t("nav.pages")}>
        {PAGES.map(({ to, icon: Icon, text }) => (
          <Link key={to} to={to} params={{ workspace: slug }}>
            <Icon aria-hidden="true" />
            {t(text)}
            {to === "/w/$workspace/approvals" && current && <Waiting workspace={current.id} />}
          </Link>
        ))}
      </nav>
      <Button icon={<Search aria-hidden="true" />} keys="Ctrl K" onClick={onPalette}>
        {t("nav.goTo")}
      </Button>
      <nav className="nav side-end" aria-label={t("nav.account")}>
        {boot?.user?.is_admin && (
          <Link to="/admin">
            <Wrench aria-hidden="true" />
            {t("admin.title")}
          </Link>
        )}
        <Link to="/me">
          <UserRound aria-hidden="true" />
          <span className="cut">{boot?.user?.name || boot?.user?.email}</span>
        </Link>
        <Button look="plain" icon={<LogOut aria-hidden="true" />} onClick={() => signOut()}>
          {t("nav.signOut")}
        </Button>
      </nav>
    </header>
  );
}

/** How many changes wait for the approval of whoever looks. */
function Waiting({ workspace }: { workspace: string }) {
  const count = useWaitingForMe(workspace);
  if (count === 0) return null;
  return (
    <>
      <span className="grow" />
      <span className="badge" data-look="warn">
        <span aria-hidden="true">{number(count)}</span>
        <span className="visually-hidden">{t("nav.forYou", { count })}</span>
      </span>
    </>
  );
}

/** The same on a narrow screen: what is opened most, and the others in a menu. */
function Bottom({ slug }: { slug: string }) {
  const navigate = useNavigate();
  const isNew = useRouterState({ select: (state) => state.location.pathname.endsWith("/links/new") });
  const [links, analytics, live, ...others] = PAGES;
  const more = others.map(({ to, icon: Icon, text }) => ({
    label: t(text),
    icon: <Icon aria-hidden="true" />,
    onSelect: () => void navigate({ to, params: { workspace: slug } }),
  }));
  more.push({
    label: t("nav.me"),
    icon: <UserRound aria-hidden="true" />,
    onSelect: () => void navigate({ to: "/me" }),
  });
  if (useBoot()?.user?.is_admin)
    more.push({
      label: t("admin.title"),
      icon: <Wrench aria-hidden="true" />,
      onSelect: () => void navigate({ to: "/admin/status" }),
    });
  more.push({ label: t("nav.signOut"), icon: <LogOut aria-hidden="true" />, onSelect: () => void signOut() });
  return (
    <nav className="bottom" aria-label={t("nav.pages")}>
      <Link to={links.to} params={{ workspace: slug }} activeOptions={{ exact: isNew }}>
        <LinkIcon aria-hidden="true" />
        {t("nav.links")}
      </Link>
      <Link to={analytics.to} params={{ workspace: slug }}>
        <ChartLine aria-hidden="true" />
        {t("nav.analytics")}
      </Link>
      <Link to="/w/$workspace/links/new" params={{ workspace: slug }}>
        <Plus aria-hidden="true" />
        {t("nav.new")}
      </Link>
      <Link to={live.to} params={{ workspace: slug }}>
        <Activity aria-hidden="true" />
        {t("nav.live")}
      </Link>
      <Menu entries={more}>
        <MenuIcon aria-hidden="true" />
        {t("nav.more")}
      </Menu>
    </nav>
  );
}
