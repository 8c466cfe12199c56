import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env.ELIDO_URL ?? "http://localhost:8090";
const proxied = Object.fromEntries(["/v1", "/bff", "/docs", "/openapi.json"].map((path) => [path, { target: server }]));

const any = (...parts: string[]) => new RegExp(parts.join("|"));

/** What every page needs, signed in or not. */
const BASE = any(
  "rolldown/runtime",
  "vite/preload-helper",
  "node_modules/(react|react-dom|scheduler|i18next|openapi-fetch)/",
  "lucide-react/dist/esm/(shared/.+|\\w+|icons/(check|copy))\\.mjs$",
  "src/(main|i18n/(index|early|en/(frame|pages|sharing))|api/(client|problem|session)|design/(Button|Copy|Dialog|Failure|Field))\\.tsx?$",
  "src/(door/(SignInForm|frame|paths)|lib/(format|preferences|report|slug|submit|title)|shared/token)\\.tsx?$",
);
/** What all pages of the signed in need. In pieces it would be a request for each. */
const APP = any(
  "node_modules/(@tanstack/(?!react-virtual|virtual-core)|valibot|use-sync-external-store)",
  "node_modules/lucide-react/dist/esm/icons/(activity|app-window|archive-arrow-up|bookmark|calendar-clock|chart-line|chevrons-up-down|clipboard-check|download|file-down|globe|key-round|link|log-out|menu|pencil|plus|scroll-text|search|settings|trash|trash-2|undo-2|user-round|users|wrench|x)\\.mjs$",
  "src/(api/boot|app/(App|NotThere|Notices|Shell|router)|design/Menu)\\.tsx?$",
  "src/lib/(approvals|audit-search|clicks-search|draft|event-stream|follow|freeze|FreezeNote|links-search|Later|many|qr-search|quiet|recents|seen|server|shortcuts|time|toasts|views|workspace)\\.tsx?$",
);

export default defineConfig({
  plugins: [react()],
  server: { proxy: proxied },
  preview: { proxy: proxied },
  build: {
    target: "es2023",
    // A data: URL would break the policy for fonts, and the polyfill would be one more script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: "licenses.md" },
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            { name: "base", test: BASE, priority: 2 },
            { name: "app", test: APP, priority: 1 },
          ],
        },
      },
    },
  },
});
