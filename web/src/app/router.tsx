import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import * as v from "valibot";
import { bootQuery } from "../api/boot";
import { AuditSearch } from "../lib/audit-search";
import { ClicksSearch, NewReport, WhichClicks } from "../lib/clicks-search";
import { LinksSearch } from "../lib/links-search";
import { QrSearch } from "../lib/qr-search";
import { Broken, NotThere } from "./NotThere";
import { Shell } from "./Shell";

interface Context {
  queries: QueryClient;
}

const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: NotThere,
  errorComponent: Broken,
});

const LAST = "elido.workspace";

/** Pages for those who are not signed in are no part of this one: the browser goes there. */
const toDoor = (href: string) => redirect({ href, reloadDocument: true });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: async ({ context }) => {
    const boot = await context.queries.ensureQueryData(bootQuery);
    if (!boot.user) throw toDoor(boot.is_set_up ? "/sign-in" : "/setup");
    const last = localStorage.getItem(LAST);
    const workspace = boot.workspaces?.find(({ slug }) => slug === last) ?? boot.workspaces?.[0];
    if (!workspace) throw redirect({ to: "/new-workspace" });
    throw redirect({ to: "/w/$workspace/links", params: { workspace: workspace.slug } });
  },
});

const guide = createRoute({
  getParentRoute: () => root,
  path: "/design",
  component: lazyRouteComponent(() => import("../features/guide/GuidePage")),
});

/** Pages of somebody who is signed in. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  beforeLoad: async ({ context, location }) => {
    const boot = await context.queries.ensureQueryData(bootQuery);
    if (boot.user) return;
    if (!boot.is_set_up) throw toDoor("/setup");
    throw toDoor(`/sign-in?${new URLSearchParams({ to: location.href })}`);
  },
  component: Shell,
});

const me = createRoute({
  getParentRoute: () => signedIn,
  path: "/me",
  component: lazyRouteComponent(() => import("../features/me/MePage")),
});

const newWorkspace = createRoute({
  getParentRoute: () => signedIn,
  path: "/new-workspace",
  component: lazyRouteComponent(() => import("../features/settings/NewWorkspacePage")),
});

const deletedWorkspaces = createRoute({
  getParentRoute: () => signedIn,
  path: "/deleted-workspaces",
  component: lazyRouteComponent(() => import("../features/settings/DeletedPage")),
});

const admin = createRoute({
  getParentRoute: () => signedIn,
  path: "/admin",
  beforeLoad: () => {
    throw redirect({ to: "/admin/status" });
  },
});
const status = createRoute({
  getParentRoute: () => signedIn,
  path: "/admin/status",
  component: lazyRouteComponent(() => import("../features/admin/StatusPage")),
});
const accounts = createRoute({
  getParentRoute: () => signedIn,
  path: "/admin/accounts",
  validateSearch: v.object({ email: v.optional(v.string()) }),
  component: lazyRouteComponent(() => import("../features/admin/AccountsPage")),
});
const jobs = createRoute({
  getParentRoute: () => signedIn,
  path: "/admin/jobs",
  validateSearch: v.object({ state: v.optional(v.picklist(["ready", "running", "done", "dead"])) }),
  component: lazyRouteComponent(() => import("../features/admin/JobsPage")),
});
const consumers = createRoute({
  getParentRoute: () => signedIn,
  path: "/admin/events",
  component: lazyRouteComponent(() => import("../features/admin/EventsPage")),
});

const limits = createRoute({
  getParentRoute: () => signedIn,
  path: "/admin/query-limits",
  validateSearch: v.object({ workspace: v.optional(v.string()) }),
  component: lazyRouteComponent(() => import("../features/admin/LimitsPage")),
});

const workspace = createRoute({
  getParentRoute: () => signedIn,
  path: "/w/$workspace",
  beforeLoad: async ({ context, params }) => {
    const boot = await context.queries.ensureQueryData(bootQuery);
    const found = boot.workspaces?.find(({ slug }) => slug === params.workspace);
    if (!found) throw redirect({ to: "/" });
    localStorage.setItem(LAST, found.slug);
    return { workspace: found };
  },
  component: Outlet,
});

const inWorkspace = () => workspace;
const workspaceHome = createRoute({
  getParentRoute: inWorkspace,
  path: "/",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/w/$workspace/links", params });
  },
});
const links = createRoute({
  getParentRoute: inWorkspace,
  path: "/links",
  validateSearch: LinksSearch,
  component: lazyRouteComponent(() => import("../features/links/LinksPage")),
});
const newLink = createRoute({
  getParentRoute: inWorkspace,
  path: "/links/new",
  validateSearch: v.object({ destination: v.optional(v.string()) }),
  component: lazyRouteComponent(() => import("../features/link-editor/NewLinkPage")),
});
const manyLinks = createRoute({
  getParentRoute: inWorkspace,
  path: "/links/many",
  component: lazyRouteComponent(() => import("../features/link-editor/ManyLinksPage")),
});
const link = createRoute({
  getParentRoute: inWorkspace,
  path: "/links/$link",
  validateSearch: ClicksSearch,
  component: lazyRouteComponent(() => import("../features/analytics/LinkPage")),
});
const editLink = createRoute({
  getParentRoute: inWorkspace,
  path: "/links/$link/edit",
  component: lazyRouteComponent(() => import("../features/link-editor/EditLinkPage")),
});
const qr = createRoute({
  getParentRoute: inWorkspace,
  path: "/links/$link/qr",
  validateSearch: QrSearch,
  component: lazyRouteComponent(() => import("../features/qr/QrPage")),
});
const analytics = createRoute({
  getParentRoute: inWorkspace,
  path: "/analytics",
  validateSearch: ClicksSearch,
  component: lazyRouteComponent(() => import("../features/analytics/ExplorerPage")),
});
const reports = createRoute({
  getParentRoute: inWorkspace,
  path: "/reports",
  validateSearch: NewReport,
  component: lazyRouteComponent(() => import("../features/reports/ReportsPage")),
});
const clickExports = createRoute({
  getParentRoute: inWorkspace,
  path: "/exports",
  validateSearch: ClicksSearch,
  component: lazyRouteComponent(() => import("../features/exports/ExportsPage")),
});
const bin = createRoute({
  getParentRoute: inWorkspace,
  path: "/bin",
  component: lazyRouteComponent(() => import("../features/bin/BinPage")),
});
const live = createRoute({
  getParentRoute: inWorkspace,
  path: "/live",
  validateSearch: WhichClicks,
  component: lazyRouteComponent(() => import("../features/live/LivePage")),
});
const approvals = createRoute({
  getParentRoute: inWorkspace,
  path: "/approvals",
  validateSearch: v.object({
    state: v.optional(v.picklist(["approved", "refused", "withdrawn", "expired"])),
  }),
  component: lazyRouteComponent(() => import("../features/approvals/ApprovalsPage")),
});
const domains = createRoute({
  getParentRoute: inWorkspace,
  path: "/domains",
  component: lazyRouteComponent(() => import("../features/domains/DomainsPage")),
});
const people = createRoute({
  getParentRoute: inWorkspace,
  path: "/people",
  component: lazyRouteComponent(() => import("../features/people/PeoplePage")),
});
const keys = createRoute({
  getParentRoute: inWorkspace,
  path: "/keys",
  component: lazyRouteComponent(() => import("../features/keys/KeysPage")),
});
const programs = createRoute({
  getParentRoute: inWorkspace,
  path: "/programs",
  component: lazyRouteComponent(() => import("../features/programs/ProgramsPage")),
});
const audit = createRoute({
  getParentRoute: inWorkspace,
  path: "/audit",
  validateSearch: AuditSearch,
  component: lazyRouteComponent(() => import("../features/audit/AuditPage")),
});
const settings = createRoute({
  getParentRoute: inWorkspace,
  path: "/settings",
  component: lazyRouteComponent(() => import("../features/settings/SettingsPage")),
});

const tree = root.addChildren([
  home,
  guide,
  signedIn.addChildren([
    me,
    newWorkspace,
    deletedWorkspaces,
    admin,
    status,
    accounts,
    jobs,
    consumers,
    limits,
    workspace.addChildren([
      workspaceHome,
      links,
      newLink,
      manyLinks,
      link,
      editLink,
      qr,
      analytics,
      reports,
      clickExports,
      live,
      bin,
      approvals,
      domains,
      people,
      keys,
      programs,
      audit,
      settings,
    ]),
  ]),
]);

export function makeRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    defaultPreload: "intent",
    defaultPendingMs: 150,
    scrollRestoration: false,
  });
}
