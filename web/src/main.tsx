import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useReducer } from "react";
import { createRoot } from "react-dom/client";
import { bootQuery } from "./api/boot";
import { whenSessionEnds } from "./api/client";
import { problemOf } from "./api/problem";
import { makeRouter } from "./app/router";
import { onLanguage, startTexts } from "./i18n";
import { applyTheme } from "./lib/preferences";
import { reportErrors } from "./lib/report";
import { Toasts } from "./lib/toasts";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: true,
      // What the server has refused it refuses again.
      retry: (count, error) => count < 2 && (problemOf(error).status === 0 || problemOf(error).status >= 500),
    },
  },
});
const router = makeRouter(queries);

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

function App() {
  const [language, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => onLanguage(redraw), []);
  return (
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} key={language} />
        <Toasts />
      </QueryClientProvider>
    </CSPProvider>
  );
}

async function start(): Promise<void> {
  applyTheme();
  if (!("Temporal" in globalThis)) await import("temporal-polyfill/global");
  await startTexts();
  reportErrors();
  whenSessionEnds(() => void queries.invalidateQueries({ queryKey: bootQuery.queryKey }));
  const root = document.getElementById("root");
  if (root) createRoot(root).render(<App />);
}

void start();
