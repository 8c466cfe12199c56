import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env.ELIDO_URL ?? "http://localhost:8090";
const proxied = Object.fromEntries(["/v1", "/bff", "/docs", "/openapi.json"].map((path) => [path, { target: server }]));

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
  },
});
